import { deepEqual, match, ok } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { connect } from 'node:tls';
import type { TlsBehaviour } from '../../../lab/sim-windows/serving/tls-front.ts';
import { tlsProbe } from '../../../src/verify/tls-probe.ts';
import { createWorld, deployed, outcomes, sitesOf, type World } from './fixture.ts';

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
  const socket = connect({ host: endpoint.address, port: endpoint.port, servername: host, rejectUnauthorized: false });
  socket.end(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  return (await text(socket)).split('\r\n')[0] ?? '';
}
