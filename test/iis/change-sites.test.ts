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
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import type { AppcmdResult } from '../../src/ports/windows-host.ts';
import { coded } from '../acme/support.ts';
import { configuration } from '../lab/demo/odd-configurations.ts';
import { simFor } from '../lab/sim-windows/support.ts';

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
        { name: '漢', bindings: [http('*:80:han.change.test')] },
        { name: '字', bindings: [http('*:80:ji.change.test')] },
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
    for (const name of ['Shop', 'Bücher', '漢', '字', "Ada's"]) {
      await changes.addHttpsBinding(name, '*:443:new.change.test', 33);
      await changes.addHttpsBinding(name, '*:443:new.change.test', 33);
      assert.ok((await https(name)).includes('*:443:new.change.test 33'));
      await changes.removeHttpsBinding(name, '*:443:new.change.test');
      await changes.removeHttpsBinding(name, '*:443:new.change.test');
    }
    assert.deepEqual(await https('Shop'), ['*:8443:shop.change.test 1']);
    for (const name of ['Bücher', '漢', '字', "Ada's"]) assert.deepEqual(await https(name), []);
  });

  it('belong to the site with the id, also where two names look the same to appcmd', async () => {
    await changes.addHttpsBinding('字', '*:443:twin.change.test', 1);
    await changes.addHttpsBinding('id:2', '*:443:two.change.test', 0);
    assert.deepEqual(await https('漢'), []);
    assert.deepEqual(await https('字'), ['*:443:twin.change.test 1']);
    assert.deepEqual(await https("Ada's"), ['*:443:two.change.test 0']);
    await changes.removeHttpsBinding('字', '*:443:twin.change.test');
    await changes.removeHttpsBinding('id:2', '*:443:two.change.test');
  });

  it('that exist with other flags are not changed', async () => {
    await assert.rejects(
      changes.addHttpsBinding('Shop', '*:8443:shop.change.test', 0),
      coded('IIS_CHANGE_DID_NOT_TAKE'),
    );
    assert.deepEqual(await https('Shop'), ['*:8443:shop.change.test 1']);
  });

  it('that appcmd cannot be told, or of a site that is not there, are refused before anything runs', async () => {
    const before = await backups();
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

it('an FTP certificate that somebody sets while the backup is made is left alone', async (t) => {
  const { host } = await simFor(t, Buffer.from(configuration([{ name: 'Shop', bindings: [] }])));
  const ours = { certificateHash: 'ab'.repeat(20), certificateStore: 'WebHosting' };
  const theirs = { certificateHash: 'cd'.repeat(20), certificateStore: 'MY' };
  const others = createSiteChanges(host, clock, { backUp: false });
  const meanwhile = {
    ...host,
    appcmd: async (args: readonly string[]) => {
      if (args[1] === 'backup' && args[0] === 'add') await others.setFtpCertificate('Shop', theirs);
      return host.appcmd(args);
    },
  };
  const own = createSiteChanges(meanwhile, clock, { backUp: true });
  await assert.rejects(own.setFtpCertificate('Shop', ours, null), coded('IIS_RECORD_CHANGED_BY_OTHERS'));
  assert.deepEqual((await readInventory(host)).sites[0]?.ftp, theirs);
});

describe('an appcmd that does not take every form', () => {
  const first = { certificateHash: 'ab'.repeat(20), certificateStore: 'WebHosting' };
  const sites = configuration([
    { name: 'Shop', bindings: [] },
    { name: "Ada's", bindings: [] },
  ]);

  it('is told the name of a site where it refuses the id alone', async (t) => {
    const { host } = await simFor(t, Buffer.from(sites), { appcmdRefuses: ['id-indexer'] });
    const own = createSiteChanges(host, clock, { backUp: false });
    await own.addHttpsBinding('Shop', '*:443:a.change.test', 1);
    await own.setFtpCertificate('Shop', first);
    const [shop] = (await readInventory(host)).sites;
    assert.deepEqual([shop?.bindings.map(({ sslFlags }) => sslFlags), shop?.ftp], [[1], first]);
    await own.removeHttpsBinding('Shop', '*:443:a.change.test');
    await own.setFtpCertificate('Shop', null);
    const [after] = (await readInventory(host)).sites;
    assert.deepEqual([after?.bindings, after?.ftp], [[], null]);
    await assert.rejects(own.addHttpsBinding("Ada's", '*:443:b.change.test', 1), coded('IIS_APPCMD_FAILED'));
  });

  it('is told the flags of a binding in a command of their own', async (t) => {
    const { host } = await simFor(t, Buffer.from(sites), { appcmdRefuses: ['flags-in-keys'] });
    const own = createSiteChanges(host, clock, { backUp: false });
    await own.addHttpsBinding("Ada's", '*:443:a.change.test', 33);
    const added = (await readInventory(host)).sites[1]?.bindings;
    assert.deepEqual(
      added?.map(({ text, sslFlags }) => [text, sslFlags]),
      [['*:443:a.change.test', 33]],
    );
    const keys = "protocol='https',bindingInformation='*:443:b.change.test',sslFlags='1'";
    const together = ['set', 'config', '-section:system.applicationHost/sites', `/+[id='2'].bindings.[${keys}]`];
    assert.equal((await host.appcmd(together)).exitCode, 87);
  });

  it('has the FTP certificate cleared where it refuses an empty value, or takes it and keeps the old one', async (t) => {
    const { host } = await simFor(t, Buffer.from(sites), { appcmdRefuses: ['empty-value'] });
    const deaf = async (args: readonly string[]): Promise<AppcmdResult> =>
      args.some((text) => text.endsWith('serverCertHash:'))
        ? { exitCode: 0, stdout: new Uint8Array() }
        : host.appcmd(args);
    for (const appcmd of [host.appcmd, deaf]) {
      const own = createSiteChanges({ ...host, appcmd }, clock, { backUp: false });
      await own.setFtpCertificate("Ada's", first);
      assert.deepEqual((await readInventory(host)).sites[1]?.ftp, first);
      await own.setFtpCertificate("Ada's", null);
      assert.equal((await readInventory(host)).sites[1]?.ftp, null);
    }
  });
});

describe('a change', () => {
  it('waits a little when somebody else has just written, and gives up in the end', async () => {
    const words = ['set', 'config'];
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

  it('that took effect although the command ended with an error is done', async () => {
    const patient = createSiteChanges(
      {
        ...sim.host,
        appcmd: async (args) => ({ ...(await sim.host.appcmd(args)), ...(args[0] === 'set' ? { exitCode: 183 } : {}) }),
      },
      clock,
      { backUp: false },
    );
    await patient.addHttpsBinding('Shop', '*:443:odd.change.test', 33);
    assert.ok((await https('Shop')).includes('*:443:odd.change.test 33'));
    await patient.removeHttpsBinding('Shop', '*:443:odd.change.test');
    assert.deepEqual(await https('Shop'), ['*:8443:shop.change.test 1']);
  });

  it('that is refused is not repeated', async () => {
    await sim.faults.add({ kind: 'appcmd', exitCode: 5, stdout: '', words: ['set', 'config'] });
    await assert.rejects(changes.addHttpsBinding('Shop', '*:443:x.change.test', 0), coded('IIS_ACCESS_DENIED'));
    assert.deepEqual(slept, []);
  });

  it('that adds a binding and cannot set its flags takes the binding back, so that it can be repeated', async () => {
    const refused: WindowsHost = {
      ...sim.host,
      appcmd: async (args) =>
        args.some((arg) => arg.includes('.sslFlags:')) ? { exitCode: 5, stdout: Buffer.of() } : sim.host.appcmd(args),
    };
    const before = await https('Shop');
    const add = (on: WindowsHost): Promise<void> =>
      createSiteChanges(on, clock, { backUp: false }).addHttpsBinding('Shop', '*:443:again.change.test', 1);
    await assert.rejects(add(refused), coded('IIS_ACCESS_DENIED'));
    assert.deepEqual(await https('Shop'), before);
    await add(sim.host);
    assert.ok((await https('Shop')).includes('*:443:again.change.test 1'));
    await changes.removeHttpsBinding('Shop', '*:443:again.change.test');
  });

  it('that reports success and did nothing is noticed', async () => {
    await sim.faults.add({ kind: 'appcmd', exitCode: 0, stdout: '', words: ['set', 'config'] });
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
