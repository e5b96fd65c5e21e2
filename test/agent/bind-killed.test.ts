import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSiteChanges } from '../../src/iis/change-sites.ts';
import { readSitesSection } from '../../src/iis/configuration.ts';
import { readInventory } from '../../src/iis/inventory.ts';
import { systemClock } from '../../src/net/system.ts';
import { startStoppedWorld } from './stopped/world.ts';

test('killed between a binding and its flags, everbind bind finishes it the next time, and touches no other', async () => {
  const world = await startStoppedWorld();
  const { host, faults } = world.sim;
  const host1 = 'extra.stopped.test';
  const flags = async (name: string): Promise<number | null | undefined> =>
    (await readInventory(host)).sites.flatMap(({ bindings }) => bindings).find(({ text }) => text === `*:443:${name}`)
      ?.sslFlags;
  try {
    const fault = await faults.add({ kind: 'delay', call: 'appcmd', ms: 150 });
    const killed = world.start(['bind', 'Site 1', host1]);
    let over = false;
    void killed.ended.then(() => (over = true));
    // The file alone: asking appcmd is slow, and it would be over by then.
    while (!JSON.stringify(await readSitesSection(host)).includes(host1) && !over) await sleep(1);
    killed.child.kill('SIGKILL');
    await killed.ended;
    await faults.remove(fault);
    await sleep(400);
    assert.equal(await flags(host1), 0, 'half of it is there');
    const { status, output } = await world.start(['bind', 'Site 1', host1]).ended;
    assert.equal(status, 0, output);
    assert.equal(await flags(host1), 1);
    // One that somebody else made without SNI is theirs.
    const theirs = 'theirs.stopped.test';
    await createSiteChanges(host, systemClock, { backUp: false }).addHttpsBinding('Site 1', `*:443:${theirs}`, 0);
    for (let time = 0; time < 2; time += 1) {
      assert.notEqual((await world.start(['bind', 'Site 1', theirs]).ended).status, 0);
      assert.equal(await flags(theirs), 0);
    }
  } finally {
    await world.stop();
  }
});
