import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type SimWindows, startSimWindows } from '../../lab/sim-windows/sim-windows.ts';
import { createSiteChanges, type SiteChanges } from '../../src/iis/change-sites.ts';
import { readInventory } from '../../src/iis/inventory.ts';
import type { SiteInventory } from '../../src/iis/config/inventory-types.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { coded } from '../acme/support.ts';
import { configuration } from '../lab/demo/odd-configurations.ts';

let folder: string;
let sim: SimWindows;
let now = Date.parse('2026-11-23T18:00:00Z');
let slept: number[] = [];
const clock: Clock = {
  now: () => now,
  sleep: async (ms) => {
    slept.push(ms);
  },
};
let changes: SiteChanges;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everbind-change-'));
  const http = (info: string): { protocol: string; info: string } => ({ protocol: 'http', info });
  sim = await startSimWindows({
    applicationHostConfig: Buffer.from(
      configuration([
        { name: 'Shop', bindings: [http('*:80:shop.change.test'), { info: '*:8443:shop.change.test', flags: '1' }] },
        { name: "Ada's", bindings: [http('*:80:ada.change.test')] },
        { name: 'Bücher', bindings: [http('*:80:buch.change.test')] },
      ]),
    ),
    rootFolder: join(folder, 'windows'),
  });
});
after(async () => {
  await sim.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await sim.faults.clear();
  slept = [];
  now += 60_000;
  changes = createSiteChanges(sim.host, clock, { backUp: true });
});

async function site(name: string): Promise<SiteInventory> {
  const found = (await readInventory(sim.host)).sites.find((candidate) => candidate.name === name);
  assert.ok(found !== undefined);
  return found;
}

async function https(name: string): Promise<readonly string[]> {
  const { bindings } = await site(name);
  return bindings.filter(({ protocol }) => protocol === 'https').map(({ text, sslFlags }) => `${text} ${sslFlags}`);
}

async function backups(): Promise<readonly string[]> {
  const { stdout } = await sim.host.appcmd(['list', 'backup', '/xml']);
  return [
    ...Buffer.from(stdout)
      .toString('utf8')
      .matchAll(/BACKUP.NAME="([^"]*)"/g),
  ].map(([, name]) => name ?? '');
}

describe('bindings', () => {
  it('are added with their flags, once, and removed', async () => {
    for (const name of ['Shop', 'Bücher']) {
      await changes.addHttpsBinding(name, '*:443:new.change.test', 33);
      await changes.addHttpsBinding(name, '*:443:new.change.test', 33);
      assert.ok((await https(name)).includes('*:443:new.change.test 33'));
      await changes.removeHttpsBinding(name, '*:443:new.change.test');
      await changes.removeHttpsBinding(name, '*:443:new.change.test');
    }
    assert.deepEqual(await https('Shop'), ['*:8443:shop.change.test 1']);
    assert.deepEqual(await https('Bücher'), []);
  });

  it('that exist with other flags are not changed', async () => {
    await assert.rejects(
      changes.addHttpsBinding('Shop', '*:8443:shop.change.test', 0),
      coded('IIS_CHANGE_DID_NOT_TAKE'),
    );
    assert.deepEqual(await https('Shop'), ['*:8443:shop.change.test 1']);
  });

  it('of names that appcmd cannot be told are refused before anything runs', async () => {
    const before = await backups();
    await assert.rejects(changes.addHttpsBinding("Ada's", '*:443:a.change.test', 1), coded('IIS_NAME_UNQUOTABLE'));
    await assert.rejects(changes.addHttpsBinding('Shop', "*:443:a'b", 1), coded('IIS_NAME_UNQUOTABLE'));
    await assert.rejects(changes.addHttpsBinding('Nobody', '*:443:a', 1), coded('IIS_SITE_UNKNOWN'));
    assert.deepEqual(await backups(), before);
  });
});

describe('the FTP certificate of a site', () => {
  it('is set, exchanged and removed', async () => {
    const first = { certificateHash: 'ab'.repeat(20), certificateStore: 'WebHosting' };
    const second = { certificateHash: 'cd'.repeat(20), certificateStore: 'MY' };
    assert.equal((await site('Shop')).ftp, null);
    for (const wanted of [first, second, second, null, null]) {
      await changes.setFtpCertificate('Shop', wanted);
      assert.deepEqual((await site('Shop')).ftp, wanted);
    }
  });
});

describe('a change', () => {
  it('waits a little when somebody else has just written, and gives up in the end', async () => {
    const words = ['set', 'site'];
    await sim.faults.add({ kind: 'appcmd', exitCode: 1006, stdout: '', words, times: 2 });
    await changes.addHttpsBinding('Shop', '*:443:patient.change.test', 0);
    assert.deepEqual(slept, [250, 500]);
    await changes.removeHttpsBinding('Shop', '*:443:patient.change.test');
    await sim.faults.add({ kind: 'appcmd', exitCode: 0x8007_0020, stdout: '', words });
    await assert.rejects(changes.addHttpsBinding('Shop', '*:443:never.change.test', 0), (error) => {
      assert.equal((error as { details: { exitCode: number } }).details.exitCode, 32);
      return coded('IIS_APPCMD_FAILED')(error);
    });
    assert.equal(slept.length, 5);
  });

  it('that is refused is not repeated', async () => {
    await sim.faults.add({ kind: 'appcmd', exitCode: 5, stdout: '', words: ['set', 'site'] });
    await assert.rejects(changes.addHttpsBinding('Shop', '*:443:x.change.test', 0), coded('IIS_ACCESS_DENIED'));
    assert.deepEqual(slept, []);
  });

  it('that reports success and did nothing is noticed', async () => {
    await sim.faults.add({ kind: 'appcmd', exitCode: 0, stdout: '', words: ['set', 'site'] });
    await assert.rejects(changes.addHttpsBinding('Shop', '*:443:y.change.test', 0), coded('IIS_CHANGE_DID_NOT_TAKE'));
    await assert.rejects(
      changes.removeHttpsBinding('Shop', '*:8443:shop.change.test'),
      coded('IIS_CHANGE_DID_NOT_TAKE'),
    );
  });
});

describe('the backup', () => {
  it('is made before the first change of a run, once, and by nothing that changes nothing', async () => {
    const before = (await backups()).length;
    await changes.removeHttpsBinding('Shop', '*:443:not-there.change.test');
    assert.equal((await backups()).length, before);
    await changes.addHttpsBinding('Shop', '*:443:z.change.test', 1);
    await changes.removeHttpsBinding('Shop', '*:443:z.change.test');
    const name = `Everbind ${new Date(now).toISOString().slice(0, 10)} ${new Date(now).toISOString().slice(11, 19).replaceAll(':', '')}`;
    assert.ok((await backups()).includes(name));
  });

  it('that cannot be made keeps the change from being made', async () => {
    await sim.faults.add({ kind: 'appcmd', exitCode: 112, stdout: '', words: ['add', 'backup'] });
    await assert.rejects(changes.addHttpsBinding('Shop', '*:443:n.change.test', 1), coded('IIS_APPCMD_FAILED'));
    await sim.faults.clear();
    assert.deepEqual(await https('Shop'), ['*:8443:shop.change.test 1']);
  });

  it('is kept ten times; those of an administrator stay', async () => {
    await sim.host.appcmd(['add', 'backup', 'before the great change']);
    for (let run = 0; run < 13; run += 1) {
      now += 1000;
      const own = createSiteChanges(sim.host, clock, { backUp: true });
      await own.addHttpsBinding('Shop', '*:443:k.change.test', 1);
      await own.removeHttpsBinding('Shop', '*:443:k.change.test');
    }
    const names = await backups();
    assert.ok(names.includes('before the great change'));
    assert.equal(names.filter((name) => name.startsWith('Everbind ')).length, 10);
  });
});
