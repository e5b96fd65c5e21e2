import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectSimWindows } from '../../../lab/sim-windows/client.ts';
import { tlsProbe } from '../../../src/verify/tls-probe.ts';
import { errorCode } from '../../../src/errors/error.ts';
import type { SslRecordKey } from '../../../src/ports/windows-host.ts';
import { statusOf } from '../../ports/windows-host-support.ts';
import { makeCertificate, makeHierarchy } from '../../verify/certificates.ts';
import { configurationOf, iisRecord, install, served, simFor } from './support.ts';

const configuration = configurationOf(
  { name: 'Default Web Site', bindings: [['http', '*:80:']] },
  {
    name: 'Shop',
    bindings: [
      ['https', '*:443:shop.test', 1],
      ['https', '*:443:other.test', 1],
    ],
  },
);
const key: SslRecordKey = { kind: 'hostnameport', host: 'shop.test', port: 443 };

test('fail: from the nth occurrence, so many times, with the status asked for', async (t) => {
  const { host, faults } = await simFor(t, configuration);
  const id = await faults.add({ kind: 'fail', call: 'certificates.list', status: 1722, nth: 2, times: 2 });
  const list = (): Promise<number> => statusOf(host.certificates.list('MY'));
  assert.deepEqual([await list(), await list(), await list(), await list()], [0, 1722, 1722, 0]);
  assert.deepEqual(
    (await faults.list()).map(({ id: active, hits }) => ({ active, hits })),
    [{ active: id, hits: 2 }],
  );
});

test('fail: a whole group until it is removed', async (t) => {
  const { host, faults } = await simFor(t, configuration);
  const id = await faults.add({ kind: 'fail', call: 'sslRecords', status: 5 });
  assert.equal(await statusOf(host.sslRecords.enumerate()), 5);
  assert.equal(await statusOf(host.sslRecords.query(key)), 5);
  assert.equal(await statusOf(host.certificates.list('MY')), 0);
  await faults.remove(id);
  assert.equal(await statusOf(host.sslRecords.enumerate()), 0);
});

test('fail after the effect: the record is there all the same', async (t) => {
  const { host, faults } = await simFor(t, configuration);
  const thumbprint = await install(host, await makeCertificate({ commonName: 'a' }));
  await faults.add({ kind: 'fail', call: 'sslRecords.set', status: 1450, times: 1, afterEffect: true });
  assert.equal(await statusOf(host.sslRecords.set(iisRecord(key, thumbprint))), 1450);
  assert.equal((await host.sslRecords.query(key))?.certificateHash, thumbprint);
  await faults.add({ kind: 'fail', call: 'httpServer.serve', status: 183 });
  assert.equal(await statusOf(host.httpServer.serve('http://+:80/x/', () => '')), 183);
});

test('record-sticks: set, update and remove report success and change nothing', async (t) => {
  const { host, faults } = await simFor(t, configuration);
  const [old, fresh] = await Promise.all(['old', 'fresh'].map((commonName) => makeCertificate({ commonName })));
  assert.ok(old !== undefined && fresh !== undefined);
  await install(host, old);
  await install(host, fresh);
  await host.sslRecords.set(iisRecord(key, old.thumbprint));
  await faults.add({ kind: 'record-sticks', key: { ...key, host: 'SHOP.test' } });
  await host.sslRecords.update(iisRecord(key, fresh.thumbprint));
  assert.equal(await served(host, '*', 443, 'shop.test'), 'old');
  await host.sslRecords.remove(key);
  await host.sslRecords.set(iisRecord(key, fresh.thumbprint));
  assert.equal((await host.sslRecords.query(key))?.certificateHash, old.thumbprint);
  await faults.clear();
  await host.sslRecords.update(iisRecord(key, fresh.thumbprint));
  assert.equal(await served(host, '*', 443, 'shop.test'), 'fresh');
});

test('delay: a slow store is slow, the others are not', async (t) => {
  const { host, faults } = await simFor(t, configuration);
  await faults.add({ kind: 'delay', call: 'certificates', ms: 300 });
  const started = performance.now();
  const ended: string[] = [];
  await Promise.all([
    host.certificates.list('MY').then(() => ended.push('store')),
    host.sslRecords.enumerate().then(() => ended.push('records')),
  ]);
  assert.ok(performance.now() - started > 290);
  assert.deepEqual(ended, ['records', 'store']);
});

test('serve: another certificate, the leaf alone, a reset, silence; for that host and port only', async (t) => {
  const { host, faults } = await simFor(t, configuration);
  const { lower, leaf } = await makeHierarchy(['shop.test']);
  await install(host, leaf);
  await host.certificates.add('CA', lower.der);
  for (const name of ['shop.test', 'other.test']) {
    await host.sslRecords.set(iisRecord({ ...key, host: name }, leaf.thumbprint));
  }
  const [endpoint = { address: '', port: 0 }] = await host.endpoints('*', 443);
  const outcome = async (name: string, timeoutMs = 30_000): Promise<string> => {
    try {
      const { chain } = await tlsProbe({ ...endpoint, host: name, timeoutMs });
      return chain.map((der) => (Buffer.from(der).equals(leaf.der) ? 'leaf' : 'other')).join();
    } catch (error) {
      return errorCode(error);
    }
  };
  const expected = {
    'wrong-certificate': 'other',
    'leaf-only': 'leaf',
    reset: 'VERIFY_HANDSHAKE_FAILED',
    silence: 'VERIFY_TIMEOUT',
  } as const;
  for (const [how, seen] of Object.entries(expected) as [keyof typeof expected, string][]) {
    const id = await faults.add({ kind: 'serve', host: 'shop.test', port: 443, how });
    assert.equal(await outcome('shop.test', how === 'silence' ? 300 : undefined), seen);
    assert.equal(await outcome('other.test'), 'leaf,other');
    await faults.remove(id);
    assert.equal(await outcome('shop.test'), 'leaf,other');
  }
  await faults.add({ kind: 'serve', host: null, port: 443, how: 'reset' });
  assert.equal(await outcome('other.test'), 'VERIFY_HANDSHAKE_FAILED');
});

test('appcmd: any exit code, any garbage, for the commands named', async (t) => {
  const { host, faults } = await simFor(t, configuration);
  await faults.add({
    kind: 'appcmd',
    exitCode: 0,
    stdout: Buffer.from([0xff, 0x00]),
    words: ['list', 'site'],
    times: 1,
  });
  await faults.add({ kind: 'appcmd', exitCode: 5, stdout: 'ERROR ( message:no )', words: ['set'] });
  assert.deepEqual(await host.appcmd(['LIST', 'site', '/xml']), { exitCode: 0, stdout: Buffer.from([0xff, 0x00]) });
  assert.equal((await host.appcmd(['list', 'site', '/xml'])).exitCode, 0);
  assert.match(Buffer.from((await host.appcmd(['list', 'site', '/xml'])).stdout).toString(), /<appcmd>/);
  assert.equal((await host.appcmd(['set', 'site', 'Shop', '/serverAutoStart:false'])).exitCode, 5);
});

test('faults are switched from another process too', async (t) => {
  const sim = await simFor(t, configuration, { socket: true });
  const client = connectSimWindows(sim.socketPath ?? '');
  t.after(() => client.close());
  const id = await client.faults.add({ kind: 'fail', call: 'describe', status: 21 });
  assert.equal(await statusOf(sim.host.describe()), 21);
  assert.equal(await statusOf(client.describe()), 21);
  assert.deepEqual(await client.faults.list(), [
    { id, fault: { kind: 'fail', call: 'describe', status: 21 }, hits: 2 },
  ]);
  await client.faults.remove(id);
  assert.equal((await client.describe()).machineName, 'SIM-WINDOWS');
  await client.faults.add({ kind: 'appcmd', exitCode: 1, stdout: Buffer.from([0xfe]) });
  assert.deepEqual((await sim.host.appcmd(['list', 'site'])).stdout, new Uint8Array([0xfe]));
  await client.faults.clear();
  assert.deepEqual(await sim.faults.list(), []);
});

test('without rights every change is refused with 5', async (t) => {
  const { host } = await simFor(t, configuration, { elevated: false });
  const { der } = await makeCertificate({ commonName: 'a' });
  assert.equal((await host.describe()).elevated, false);
  assert.equal(await statusOf(host.certificates.add('CA', der)), 5);
  assert.equal(await statusOf(host.sslRecords.remove(key)), 5);
  assert.equal(await statusOf(host.httpServer.serve('http://+:80/x/', () => '')), 5);
  assert.equal((await host.appcmd(['list', 'site', '/xml'])).exitCode, 5);
});

test('a port of another program refuses registrations with 32', async (t) => {
  const { host } = await simFor(t, configuration, { foreignPorts: [8080] });
  assert.equal(await statusOf(host.httpServer.serve('http://+:8080/x/', () => '')), 32);
  assert.equal(await statusOf(host.httpServer.serve('http://+:80/x/', () => '')), 0);
});
