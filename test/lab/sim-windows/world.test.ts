import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePorts } from '../../../lab/loopback.ts';
import { connectSimWindows } from '../../../lab/sim-windows/client.ts';
import { seedCertificates } from '../../../lab/sim-windows/seed.ts';
import { startSimWindows } from '../../../lab/sim-windows/sim-windows.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import { parseSiteList, parseSitesSection } from '../../../src/iis/config/appcmd-output.ts';
import { parseApplicationHost } from '../../../src/iis/config/application-host.ts';
import { readInventory } from '../../../src/iis/inventory.ts';
import { describeServed } from '../../../src/verify/describe.ts';
import { tlsProbe } from '../../../src/verify/tls-probe.ts';
import { statusOf } from '../../ports/windows-host-support.ts';
import { configurationOf, fetchRaw, OF_NO_SERVER, simFor } from './support.ts';

const demo = join(import.meta.dirname, '../../../lab/demo/applicationHost.config');
const corpus = join(process.env['EVERBIND_CORPUS'] ?? join(import.meta.dirname, '../../../../shared/data'), 'apphost');

/** Seeds and shakes hands with every https binding that runs: what was seen wrong. */
async function seedAndProbe(
  t: { after(work: () => Promise<void>): void },
  configuration: Buffer,
): Promise<{ readonly handshakes: number; readonly wrong: readonly string[]; readonly skipped: number }> {
  const sim = await simFor(t, configuration);
  const { skipped, records } = await seedCertificates(sim.host, { daysLeft: 7 });
  const wrong: string[] = [];
  let handshakes = 0;
  for (const { protocol, endpoint, host, binding } of await sim.ports()) {
    if (protocol !== 'https' || endpoint === null) continue;
    handshakes += 1;
    const name = host.replace('*', 'any');
    const served = describeServed(await tlsProbe({ ...endpoint, host: name, timeoutMs: 30_000 }), name, Date.now());
    const record = records.find(({ thumbprint }) => thumbprint === served.thumbprint);
    if (served.problems.length > 0 || served.daysLeft !== 7 || record === undefined) wrong.push(binding);
  }
  return { handshakes, wrong, skipped: skipped.length };
}

test('the demo: every https binding that runs serves a certificate of its own that expires soon', async (t) => {
  const seen = await seedAndProbe(t, await readFile(demo));
  assert.deepEqual(seen, { handshakes: 15, wrong: [], skipped: 0 });
});

test('real configurations load, are listed as they are and shake hands', async (t) => {
  if (!existsSync(corpus)) {
    console.log(`no corpus at ${corpus}: real configurations were not tried`);
    return;
  }
  let files = 0;
  let handshakes = 0;
  for (const name of (await readdir(join(corpus, 'truth'))).sort()) {
    const octets = await readFile(join(corpus, name.replace(/json$/, 'config')));
    const truth = JSON.parse(await readFile(join(corpus, 'truth', name), 'utf8')) as {
      readonly sites: readonly { readonly name: string; readonly id: string }[];
    };
    await t.test(name, async (t) => {
      if (OF_NO_SERVER.has(name.slice(0, 3))) {
        await assert.rejects(
          simFor(t, octets, { ansiCodePage: 'utf-8' }),
          (error) => error instanceof EverbindError && error.code === 'IIS_CONFIG_INVALID',
        );
        return;
      }
      const sim = await simFor(t, octets, { ansiCodePage: 'utf-8' });
      const list = parseSiteList((await sim.host.appcmd(['list', 'site', '/config', '/xml'])).stdout);
      const section = ['list', 'config', '/section:system.applicationHost/sites', '/xml'];
      const { sites } = parseSitesSection((await sim.host.appcmd(section)).stdout);
      assert.deepEqual(sites, parseApplicationHost(octets).sites);
      assert.deepEqual(
        sites.map(({ name, id }) => [name, id]),
        truth.sites.map(({ name, id }) => [name, id]),
      );
      assert.deepEqual(
        list.map(({ id }) => id),
        truth.sites.map(({ id }) => id),
      );
      await sim.stop();
      const seen = await seedAndProbe(t, octets);
      assert.deepEqual(seen.wrong, []);
      files += 1;
      handshakes += seen.handshakes;
    });
  }
  console.log(`${files} real configurations, ${handshakes} handshakes`);
});

test('a configuration that IIS could not load is refused', async () => {
  const rootFolder = join(tmpdir(), 'everbind-never-made');
  for (const text of ['<configuration><system.applicationHost>', '<!DOCTYPE x><configuration/>', '']) {
    const start = startSimWindows({ applicationHostConfig: Buffer.from(text), rootFolder });
    await assert.rejects(start, { code: 'IIS_CONFIG_INVALID' });
  }
  assert.equal(existsSync(rootFolder), false);
});

test('seeding: kinds and flags of the records, days, names', async (t) => {
  const configuration = configurationOf(
    {
      name: 'Shop & Söhne',
      bindings: [
        ['https', '*:443:shop.test', 97],
        ['https', '*:443:b.shop.test', 1],
      ],
    },
    {
      name: 'Shared',
      bindings: [
        ['https', '192.0.2.1:443:one.test', 0],
        ['https', '192.0.2.1:443:two.test', 4],
      ],
    },
    { name: '10 % off', bindings: [['https', '*:8443:', 0]] },
    { name: 'Central', bindings: [['https', '*:9443:c.test', 3]] },
    {
      name: 'Odd',
      bindings: [
        ['https', '*:443', 0],
        ['https', '*:443:', 1],
      ],
    },
    { name: 'Stopped', attributes: 'serverAutoStart="false"', bindings: [['https', '*:443:off.test', 1]] },
  );
  const { host } = await simFor(t, configuration);
  const seeded = await seedCertificates(host, { daysLeft: (target) => (target.hosts.includes('shop.test') ? -3 : 5) });
  assert.deepEqual(
    seeded.records.map(({ key, names, sites }) => [key, names, sites]),
    [
      [{ kind: 'hostnameport', host: 'shop.test', port: 443 }, ['shop.test'], ['Shop & Söhne']],
      [{ kind: 'hostnameport', host: 'b.shop.test', port: 443 }, ['b.shop.test'], ['Shop & Söhne']],
      [{ kind: 'ipport', address: '192.0.2.1', port: 443 }, ['one.test', 'two.test'], ['Shared']],
      [{ kind: 'ipport', address: '0.0.0.0', port: 8443 }, ['10-off.everbind.test'], ['10 % off']],
      [{ kind: 'ccs', port: 9443 }, [], ['Central']],
      [{ kind: 'hostnameport', host: 'off.test', port: 443 }, ['off.test'], ['Stopped']],
    ],
  );
  assert.deepEqual(
    seeded.skipped.map(({ site, binding }) => [site, binding]),
    [
      ['Odd', '*:443'],
      ['Odd', '*:443:'],
    ],
  );
  const record = await host.sslRecords.query({ kind: 'hostnameport', host: 'shop.test', port: 443 });
  assert.equal(record?.flags, 0x40 | 0x400);
  assert.equal(record?.appId, '{4dc3e181-e14b-4a21-b022-59fc669b0914}');
  const [endpoint = { address: '', port: 0 }] = await host.endpoints('*', 443);
  const served = await tlsProbe({ ...endpoint, host: 'shop.test', timeoutMs: 30_000 });
  assert.deepEqual(describeServed(served, 'shop.test', Date.now()).problems, ['VERIFY_EXPIRED']);
});

test('records are listed in another order each time', async (t) => {
  const { host } = await simFor(t, await readFile(demo));
  await seedCertificates(host);
  const orders = new Set<string>();
  for (let round = 0; round < 5; round += 1) {
    orders.add((await host.sslRecords.enumerate()).map(({ key }) => JSON.stringify(key)).join());
  }
  assert.ok(orders.size >= 4);
});

test('names of any kind survive appcmd', async (t) => {
  const names = ['a "quoted" one', "it's", '<tag> & more', 'Ünï漢字😀', ' blank ends '];
  const { host } = await simFor(t, configurationOf());
  for (const [index, name] of names.entries()) {
    const { exitCode } = await host.appcmd(['add', 'site', `/name:${name}`, `/bindings:http/*:${8000 + index}:`]);
    assert.equal(exitCode, 0);
  }
  assert.deepEqual(
    (await readInventory(host)).sites.map((site) => site.name),
    names,
  );
});

test('the configuration file stays as it is until something changes it', async (t) => {
  const octets = await readFile(demo);
  const { host } = await simFor(t, octets);
  const path = '%windir%\\system32\\inetsrv\\config\\applicationHost.config';
  await seedCertificates(host);
  assert.ok(octets.equals((await host.files.read(path, 1e6)) ?? Buffer.alloc(0)));
  const indexer = "/+bindings.[protocol='https',bindingInformation='*:443:new.test',sslFlags='1']";
  await host.appcmd(['set', 'site', 'Shop', indexer]);
  const changed = parseApplicationHost((await host.files.read(path, 1e6)) ?? Buffer.alloc(0));
  const before = parseApplicationHost(octets);
  const added = { protocol: 'https', bindingInformation: '*:443:new.test', sslFlags: '1' };
  assert.deepEqual(
    changed.sites,
    before.sites.map((site) =>
      site.name === 'Shop' ? { ...site, bindings: [...site.bindings, { attributes: added }] } : site,
    ),
  );
});

test('a refused command changes nothing, not even by halves', async (t) => {
  const { host, snapshot } = await simFor(t, await readFile(demo));
  const section = ['list', 'config', '/section:system.applicationHost/sites', '/xml'];
  const before = await host.appcmd(section);
  const { exitCode } = await host.appcmd([
    'set',
    'site',
    'Shop',
    '/serverAutoStart:false',
    "/-bindings.[protocol='https',bindingInformation='*:443:none.test']",
  ]);
  assert.equal(exitCode, 2);
  assert.deepEqual(await host.appcmd(section), before);
  assert.equal((await snapshot()).sites.find(({ name }) => name === 'Shop')?.state, 'Started');
  assert.equal((await host.appcmd(['restore', 'backup', 'none'])).exitCode, 2);
  await host.appcmd(['add', 'backup', 'b']);
  assert.equal((await host.appcmd(['add', 'backup', 'b'])).exitCode, 183);
  await host.appcmd(['delete', 'site', 'Shop']);
  assert.equal((await host.appcmd(['restore', 'backup', 'b'])).exitCode, 0);
  assert.deepEqual(await host.appcmd(section), before);
});

test('port 80 has the number that was asked for; ports can keep their own', async (t) => {
  const [httpPort = 0, own = 0] = await freePorts(2);
  const configuration = configurationOf({
    name: 'One',
    bindings: [
      ['http', '*:80:'],
      ['http', `192.0.2.9:${own}:`],
    ],
  });
  const sim = await simFor(t, configuration, { httpPort, keepPorts: true });
  assert.deepEqual(await sim.host.endpoints('*', 80), [{ address: '127.0.0.1', port: httpPort }]);
  assert.deepEqual(await sim.host.endpoints('192.0.2.9', own), [{ address: '127.1.2.9', port: own }]);
  assert.deepEqual(await sim.host.endpoints('0.0.0.0', 80), await sim.host.endpoints('*', 80));
  assert.deepEqual(await sim.host.endpoints('192.0.2.1', 80), []);
  await assert.rejects(simFor(t, configuration, { httpPort }), { code: 'EADDRINUSE' });
});

test('odd addresses and hosts get a place and a certificate like others', async (t) => {
  const configuration = configurationOf(
    {
      name: 'Odd',
      bindings: [
        ['http', '127.255.255.255:80:'],
        ['https', '224.0.0.1:443:'],
        ['https', '[::ffff:1.2.3.4]:443:'],
      ],
    },
    {
      name: 'Local',
      bindings: [
        ['http', '127.0.0.1:80:'],
        ['http', '*:80:local.test'],
        ['https', '*:81:☃\ufe0e\ufffd.test'],
      ],
    },
  );
  const { host, ports } = await simFor(t, configuration);
  assert.ok((await ports()).every(({ endpoint }) => endpoint !== null));
  assert.deepEqual(await host.endpoints('127.0.0.1', 80), await host.endpoints('*', 80));
  const { records } = await seedCertificates(host);
  assert.deepEqual(
    records.map(({ names }) => names),
    [['odd.everbind.test'], ['odd.everbind.test'], ['local.everbind.test']],
  );
});

test('a registration on a port that another program has in truth: 32, and it works once that is gone', async (t) => {
  const [httpPort = 0] = await freePorts(1);
  const { host } = await simFor(t, configurationOf({ name: 'TLS only', bindings: [['https', '*:443:']] }), {
    httpPort,
  });
  const other = createServer().listen(httpPort, '127.0.0.1');
  await once(other, 'listening');
  const serve = (): Promise<() => Promise<void>> => host.httpServer.serve('http://+:80/x/', () => 'x');
  assert.equal(await statusOf(serve()), 32);
  await new Promise((resolve) => other.close(resolve));
  const end = await serve();
  assert.equal((await fetchRaw({ address: '127.0.0.1', port: httpPort }, 'x', '/x/')).body, 'x');
  await end();
  assert.deepEqual(await host.endpoints('*', 80), []);
});

test('a symbolic link in a folder of a site is no way out', async (t) => {
  const { host, folder } = await simFor(t, configurationOf({ name: 'One', bindings: [['http', '*:80:']] }));
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await symlink(folder, join(folder, 'root', 'C', 'inetpub', 'site1', 'link'));
  assert.equal(await statusOf(host.files.read('C:\\inetpub\\site1\\link\\secret.txt', 100)), 5);
  assert.equal(await statusOf(host.files.write('C:\\inetpub\\site1\\link\\x.txt', Buffer.from('x'))), 5);
  const [endpoint = { address: '', port: 0 }] = await host.endpoints('*', 80);
  assert.equal((await fetchRaw(endpoint, 'x', '/link/secret.txt')).status, 404);
});

test('the double runs as a process of its own', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-sim-process-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const socket = join(folder, 'socket');
  const program = join(import.meta.dirname, '../../../lab/sim-windows/main.ts');
  const args = [program, '--config', demo, '--root', join(folder, 'root'), '--socket', socket];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { httpPort } = JSON.parse(line.toString()) as { httpPort: number };
  const client = connectSimWindows(socket);
  assert.deepEqual(await client.endpoints('*', 80), [{ address: '127.0.0.1', port: httpPort }]);
  assert.equal((await client.ports()).length, 33);
  client.close();
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});
