import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/net/system.ts';
import { type CliWorld, startCliWorld } from './world.ts';

let world: CliWorld;
before(async () => {
  world = await startCliWorld();
});
after(() => world.stop());

interface Line {
  readonly outcome?: { readonly kind: string; readonly name: string };
  readonly error?: { readonly code: string };
  readonly stopped?: boolean;
}

it('renews what is due, takes up a changed configuration, survives a wrong one, says that it lives, stops when told', async () => {
  const good = await readFile(world.configFile, 'utf8');
  const shop = `certificates:\n  - { name: shop, names: [shop.cli.test], deployments: [{ type: iis, sites: [Shop], adopt: true }] }\n`;
  await writeFile(world.configFile, good + shop);
  const stop = new AbortController();
  let out = '';
  const running = world.run(['run', '--json'], {
    signal: stop.signal,
    // It looks at things twice a minute; here it does so all the time.
    clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 200), signal) },
    onOut: (text) => {
      out += text;
    },
  });
  const lines = (): readonly Line[] =>
    out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  const until = async (holds: () => boolean | Promise<boolean>, what: string): Promise<void> => {
    for (const end = Date.now() + 90_000; !(await holds()); await sleep(200)) {
      assert.ok(Date.now() < end, `${what}: ${out}`);
    }
  };
  await until(() => lines().some(({ outcome }) => outcome?.kind === 'renewed' && outcome.name === 'shop'), 'the first');
  const alive = async (): Promise<boolean> => {
    const { value } = await world.json('status');
    return value['daemon'] !== null && Number(value['daemon']?.['pid']) === process.pid;
  };
  await until(alive, 'alive');
  await writeFile(world.configFile, `${good}${shop}nonsense: true\n`);
  await until(() => lines().some(({ error }) => error?.code === 'CONFIG_INVALID'), 'the wrong one');
  const blog = '  - { name: blog, names: [blog.cli.test], deployments: [{ type: iis, sites: [Blog], adopt: true }] }\n';
  await writeFile(world.configFile, good + shop);
  await appendFile(world.configFile, blog);
  await until(() => lines().some(({ outcome }) => outcome?.name === 'blog'), 'the second');
  // Other commands work between its cycles; during one the lease is held (4).
  let status = 4;
  await until(async () => {
    ({ status } = await world.run(['renew', 'shop', '--force']));
    return status !== 4;
  }, 'another command');
  assert.equal(status, 0);
  stop.abort(new Error('stop'));
  assert.equal((await running).status, 0);
  assert.equal(lines().at(-1)?.stopped, true);
  assert.equal((await world.json('status')).value['daemon'], null);
});
