import { deepEqual, match, ok } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { connect } from 'node:tls';
import type { TlsBehaviour } from '../../../lab/sim-windows/serving/tls-front.ts';
import { tlsProbe } from '../../../src/verify/tls-probe.ts';
import type { Json } from '../../../src/ports/deployment.ts';
import { createWorld, deployed, journaled, outcomes, sitesOf, type World } from './fixture.ts';

// What endpoints served before the change is what they are judged by after it.

const SHOP = 'shop.everbind.test';
const two = sitesOf({ Shop: [[`*:443:${SHOP}`, 1]], Blog: [['*:443:blog.everbind.test', 1]] });
const names = [SHOP, 'blog.everbind.test'];
/** Shorter than a handshake of the double takes on no machine. */
const quick = { probeTimeoutMs: 2000, patience: { pauseMs: 10, timeoutMs: 2000 } };

const broken: readonly (readonly [name: string, tls: TlsBehaviour, code: string])[] = [
  ['nothing above TLS 1.1 is on', { noTls12: true, noTls13: true }, 'VERIFY_HANDSHAKE_FAILED'],
  ['TLS 1.3 is on and its cipher suites are off', { tls13WithoutSuites: true }, 'VERIFY_HANDSHAKE_FAILED'],
];
for (const [name, tls, code] of broken) {
  test(`a server that failed every handshake before the change is not rolled back for it: ${name}`, async () => {
    await using world = await createWorld({ applicationHostConfig: two, tls });
    const { plan, checks } = await deployed(world, names, quick);
    deepEqual(outcomes(checks), [`blog.everbind.test failed-before ${code}`, `${SHOP} failed-before ${code}`]);
    for (const { message } of checks) match(message, /^could not be verified before either: /);
    deepEqual(outcomes(await world.deployment(quick).restore(plan)), outcomes(checks));
  });
}

test('the first handshake after a change is slow: it is waited for, and only then judged', async () => {
  await using world = await createWorld({ applicationHostConfig: two, tls: { firstHandshakeMs: 1200 } });
  await seen(world, SHOP);
  const options = { probeTimeoutMs: 600, patience: { pauseMs: 10, timeoutMs: 5000 } };
  const { plan, checks } = await deployed(world, names, options);
  deepEqual(outcomes(checks), ['blog.everbind.test verified ok', `${SHOP} verified ok`]);
  deepEqual(
    checks.map(({ findings }) => findings.map(({ kind, code }) => `${kind} ${code}`)),
    [['note slow-handshake'], ['note slow-handshake']],
    'the double was slow, and the operator is told',
  );
  // So is the first one after the restoring.
  deepEqual(outcomes(await world.deployment(options).restore(plan)), outcomes(checks));
});

test('a client certificate is asked for: the handshake of a client without one shows what is served', async () => {
  for (const tls of [{ clientCertificate: true }, { clientCertificate: true, noTls13: true }]) {
    await using world = await createWorld({ applicationHostConfig: two, tls });
    match(await firstLine(world, SHOP), /^HTTP\/1\.1 403 /);
    const { checks } = await deployed(world, names, quick);
    deepEqual(outcomes(checks), ['blog.everbind.test verified ok', `${SHOP} verified ok`]);
  }
});

test('a server that does not understand a long ClientHello is asked once more with a short one', async () => {
  await using world = await createWorld({ applicationHostConfig: two, tls: { longestHello: 1000 } });
  const { checks } = await deployed(world, names, quick);
  deepEqual(outcomes(checks), ['blog.everbind.test verified ok', `${SHOP} verified ok`]);
  deepEqual(
    checks.map(({ findings }) => findings.map(({ kind, code }) => `${kind} ${code}`)),
    [['note classic-groups'], ['note classic-groups']],
  );
});

test('a failure of another kind than before the change counts', async () => {
  await using world = await createWorld({ applicationHostConfig: two });
  const silent = await world.sim.faults.add({ kind: 'serve', host: SHOP, port: 443, how: 'silence' });
  const options = { ...quick, probeTimeoutMs: 300 };
  const { material, plan, checks } = await deployed(world, names, options);
  deepEqual(outcomes(checks), ['blog.everbind.test verified ok', `${SHOP} failed-before VERIFY_TIMEOUT`]);
  await world.sim.faults.remove(silent);
  const reset = await world.sim.faults.add({ kind: 'serve', host: SHOP, port: 443, how: 'reset' });
  deepEqual(outcomes(await world.deployment(options).verify(plan, material)), [
    'blog.everbind.test verified ok',
    `${SHOP} failed VERIFY_HANDSHAKE_FAILED`,
  ]);
  await world.sim.faults.remove(reset);
  await world.sim.faults.add({ kind: 'serve', host: SHOP, port: 443, how: 'wrong-certificate' });
  deepEqual(outcomes(await world.deployment(options).verify(plan, material)), [
    'blog.everbind.test verified ok',
    `${SHOP} failed VERIFY_WRONG_LEAF`,
  ]);
});

test('whoever timed out before the change as well is asked once, whoever did not three times', async () => {
  await using world = await createWorld({ applicationHostConfig: two });
  const fault = await world.sim.faults.add({ kind: 'serve', host: SHOP, port: 443, how: 'silence' });
  const options = { probeTimeoutMs: 300, patience: { pauseMs: 1, timeoutMs: 300 } };
  const { material, plan } = await deployed(world, names, options);
  const hits = async (): Promise<readonly number[]> =>
    (await world.sim.faults.list()).filter(({ id }) => id >= fault).map((one) => one.hits);
  deepEqual(await hits(), [2], 'one look before, one after');
  await world.sim.faults.remove(fault);
  await world.sim.faults.add({ kind: 'serve', host: 'blog.everbind.test', port: 443, how: 'silence' });
  deepEqual(outcomes(await world.deployment(options).verify(plan, material)), [
    'blog.everbind.test failed VERIFY_TIMEOUT',
    `${SHOP} verified ok`,
  ]);
  deepEqual(await hits(), [3]);
});

test('what something else served before the change, and serves after it, is no fault of the change', async () => {
  await using world = await createWorld({ applicationHostConfig: two });
  await world.sim.faults.add({ kind: 'serve', host: SHOP, port: 443, how: 'wrong-certificate' });
  const { plan, checks } = await deployed(world, names, quick);
  deepEqual(outcomes(checks), ['blog.everbind.test verified ok', `${SHOP} failed-before VERIFY_WRONG_LEAF`]);
  deepEqual(outcomes(await world.deployment(quick).restore(plan)), [
    'blog.everbind.test verified ok',
    `${SHOP} verified ok`,
  ]);
});

test('the old certificate that is still served is a failure, whatever was before', async () => {
  await using world = await createWorld({ applicationHostConfig: two });
  const material = await world.material(names);
  const deployment = world.deployment(quick);
  await deployment.install(material);
  const plan = await deployment.look(await deployment.plan(material));
  // Nothing was applied.
  deepEqual(outcomes(await deployment.verify(plan, material)), [
    'blog.everbind.test failed VERIFY_WRONG_LEAF',
    `${SHOP} failed VERIFY_WRONG_LEAF`,
  ]);
});

test('a created record is judged as strictly as ever: without it every handshake failed', async () => {
  await using world = await createWorld({ applicationHostConfig: two });
  await world.sim.host.sslRecords.remove({ kind: 'hostnameport', host: SHOP, port: 443 });
  const material = await world.material(names);
  const deployment = world.deployment(quick);
  await deployment.install(material);
  const plan = journaled(await deployment.look(await deployment.plan(material)));
  deepEqual(outcomes(await deployment.verify(plan, material)), [
    'blog.everbind.test failed VERIFY_WRONG_LEAF',
    `${SHOP} failed VERIFY_HANDSHAKE_FAILED`,
  ]);
  await deployment.apply(plan);
  ok((await deployment.verify(plan, material)).every(({ outcome }) => outcome === 'verified'));
});

test('a created record is not blamed for what every other record at that port met before', async () => {
  await using world = await createWorld({ applicationHostConfig: two, tls: { noTls12: true, noTls13: true } });
  await world.sim.host.sslRecords.remove({ kind: 'hostnameport', host: SHOP, port: 443 });
  const { checks } = await deployed(world, names, quick);
  deepEqual(outcomes(checks), [
    'blog.everbind.test failed-before VERIFY_HANDSHAKE_FAILED',
    `${SHOP} failed-before VERIFY_HANDSHAKE_FAILED`,
  ]);
});

test('a plan of an earlier version, without a look, is judged as strictly as before', async () => {
  await using world = await createWorld({ applicationHostConfig: two, tls: { noTls12: true, noTls13: true } });
  const { material, plan } = await deployed(world, names, quick);
  const { endpoints } = plan.detail as { readonly endpoints: readonly Record<string, Json>[] };
  const fields = ['address', 'port', 'host', 'name', 'record', 'hashBefore', 'sites', 'skip'];
  const asWritten = endpoints.map((endpoint) =>
    Object.fromEntries(Object.entries(endpoint).filter(([field]) => fields.includes(field))),
  );
  const old = { ...plan, detail: { endpoints: asWritten } };
  const strict = ['blog.everbind.test failed VERIFY_HANDSHAKE_FAILED', `${SHOP} failed VERIFY_HANDSHAKE_FAILED`];
  deepEqual(outcomes(await world.deployment(quick).verify(old, material)), strict);
  deepEqual(outcomes(await world.deployment(quick).restore(old)), strict);
});

test('a plan that changes nothing is not what fails: somebody else has bound the certificate already', async () => {
  await using world = await createWorld({ applicationHostConfig: two, tls: { noTls12: true, noTls13: true } });
  const { material } = await deployed(world, names, quick);
  const deployment = world.deployment(quick);
  const plan = journaled(await deployment.look(await deployment.plan(material)));
  deepEqual(plan.changes, []);
  deepEqual(outcomes(await deployment.verify(plan, material)), [
    'blog.everbind.test failed-before VERIFY_HANDSHAKE_FAILED',
    `${SHOP} failed-before VERIFY_HANDSHAKE_FAILED`,
  ]);
});

/** Thumbprint of what is served there. */
async function seen(world: World, host: string): Promise<string> {
  const [endpoint] = await world.sim.host.endpoints('*', 443);
  ok(endpoint !== undefined);
  const { chain } = await tlsProbe({ ...endpoint, host, timeoutMs: 5000 });
  return createHash('sha1')
    .update(chain[0] ?? new Uint8Array())
    .digest('hex');
}

/** Of the response to a client without a certificate. */
async function firstLine(world: World, host: string): Promise<string> {
  const [endpoint] = await world.sim.host.endpoints('*', 443);
  ok(endpoint !== undefined);
  // The double's certificates are trusted by nobody; only the response is looked at.
  const socket = connect({ host: endpoint.address, port: endpoint.port, servername: host, rejectUnauthorized: false });
  socket.end(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  return (await text(socket)).split('\r\n')[0] ?? '';
}
