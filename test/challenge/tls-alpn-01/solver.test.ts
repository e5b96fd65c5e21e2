import assert from 'node:assert/strict';
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect, createServer as createTlsServer } from 'node:tls';
import { createSolvers } from '../../../src/challenge/solvers.ts';
import { createTlsAlpnSolver } from '../../../src/challenge/tls-alpn-01/solver.ts';
import {
  challengeCertificate,
  isChallengeCertificate,
  serverName,
} from '../../../src/challenge/tls-alpn-01/certificate.ts';
import { checkTlsAlpn } from '../../../src/challenge/tls-alpn-01/self-check.ts';
import { systemClock, systemRandom } from '../../../src/net/system.ts';
import { parsePemCertificates } from '../../../src/pki/asn1/pem.ts';
import type { ChallengeTask } from '../../../src/ports/solver.ts';
import { freePorts } from '../../../lab/loopback.ts';
import { coded, flood, httpTask, site, until } from '../support.ts';

const alpnTask = (name?: string, type?: 'dns' | 'ip'): ChallengeTask => ({
  ...httpTask(name, type),
  type: 'tls-alpn-01',
});

async function listener() {
  const [port = 0] = await freePorts(1);
  const options = { address: '127.0.0.1', port, clock: systemClock, random: systemRandom };
  return { port, solver: createTlsAlpnSolver({ ...options, ownedByIis: async () => false }) };
}

/** How a handshake ends: the protocol that was agreed on, or the code of the error. */
function shake(port: number, servername: string, protocols: readonly string[]): Promise<string | false> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, servername, rejectUnauthorized: false };
    const socket = connect({ ...options, ALPNProtocols: [...protocols] }, () => {
      resolve(socket.alpnProtocol ?? false);
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
}

test('only acme-tls/1 and only names that are being validated get a certificate', async () => {
  const { port, solver } = await listener();
  const task = alpnTask('shop.everbind.test');
  await solver.present(task);
  await solver.present(task);
  await solver.wait(task);
  assert.equal(await shake(port, 'shop.everbind.test', ['acme-tls/1']), 'acme-tls/1');
  assert.equal(await shake(port, 'SHOP.everbind.test', ['acme-tls/1']), 'acme-tls/1');
  assert.match(String(await shake(port, 'shop.everbind.test', ['http/1.1'])), /^(ERR_SSL|ECONN)/);
  assert.match(String(await shake(port, 'other.everbind.test', ['acme-tls/1'])), /^(ERR_SSL|ECONN)/);
  await solver.cleanUp(task);
  assert.equal(await shake(port, 'shop.everbind.test', ['acme-tls/1']), 'ECONNREFUSED');
});

test('a second validation of the same name waits for its turn, and its clean-up removes nothing', async () => {
  const { solver } = await listener();
  const [first, second] = [alpnTask(), alpnTask()];
  await solver.present(first);
  await assert.rejects(solver.present(second), coded('CHALLENGE_PRESENT_FAILED', 'being-validated'));
  await solver.cleanUp(second);
  await solver.wait(first);
  await solver.cleanUp(first);
  await solver.present(second);
  await solver.wait(second);
  await solver.cleanUp(second);
});

test('the certificate is the challenge response to its own task alone', () => {
  const tasks = [alpnTask(), alpnTask('192.0.2.7', 'ip'), alpnTask('2001:db8::7', 'ip')];
  const made = tasks.map((task) => {
    const { cert } = challengeCertificate(task, systemRandom, Date.now());
    return parsePemCertificates(cert)[0] ?? new Uint8Array();
  });
  for (const [index, certificate] of made.entries()) {
    for (const [other, task] of tasks.entries())
      assert.equal(isChallengeCertificate(certificate, task), index === other);
    const task = tasks[index] ?? alpnTask();
    assert.equal(
      isChallengeCertificate(certificate, { ...task, keyAuthorization: `${task.keyAuthorization}x` }),
      false,
    );
    assert.equal(
      isChallengeCertificate(certificate, { ...task, identifier: { type: 'dns', value: 'b.example' } }),
      false,
    );
    assert.equal(isChallengeCertificate(certificate.subarray(1), task), false);
  }
});

test('server names of addresses are their reverse names (RFC 8738 section 6)', () => {
  assert.equal(serverName(alpnTask('192.0.2.7', 'ip')), '7.2.0.192.in-addr.arpa');
  const zeros = '0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0';
  assert.equal(serverName(alpnTask('2001:db8::7', 'ip')), `7.${zeros}.8.b.d.0.1.0.0.2.ip6.arpa`);
});

test('a server that speaks something else is told apart from one that is not there', async (t) => {
  const place = { address: '127.0.0.1', clock: systemClock };
  const [closed = 0] = await freePorts(1);
  const check = (port: number) => checkTlsAlpn(alpnTask(), { ...place, port });
  await assert.rejects(check(closed), coded('CHALLENGE_SELF_CHECK_FAILED', 'connection-failed'));

  const task = alpnTask();
  const other = challengeCertificate(task, systemRandom, Date.now());
  const servers = [undefined, ['acme-tls/1']].map((ALPNProtocols) => createTlsServer({ ...other, ALPNProtocols }));
  const ports: number[] = [];
  for (const server of servers) {
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    ports.push((server.address() as AddressInfo).port);
  }
  const [plain = 0, foreign = 0] = ports;
  await assert.rejects(check(plain), coded('CHALLENGE_SELF_CHECK_FAILED', 'no-acme-tls'));
  await assert.rejects(check(foreign), coded('CHALLENGE_SELF_CHECK_FAILED', 'wrong-certificate'));
  await checkTlsAlpn(task, { ...place, port: foreign });
});

test('a port in use has its own code', async () => {
  const { port, solver } = await listener();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  await assert.rejects(solver.present(alpnTask()), coded('CHALLENGE_PORT_IN_USE'));
  await new Promise((resolve) => other.close(resolve));
});

test('where IIS has https on the port nothing is tried; a wildcard cannot be validated this way', async () => {
  const [port = 0] = await freePorts(1);
  const sites = [site('shop', [['https', `*:${port}:shop.everbind.test`]])];
  const host = {} as never;
  const solvers = createSolvers({
    windows: { host, sites: async () => sites },
    clock: systemClock,
    random: systemRandom,
    listenAddress: '127.0.0.1',
  });
  const task = alpnTask();
  const solver = solvers(task, { type: 'tls-alpn-01', port });
  await assert.rejects(solver.present(task), coded('CHALLENGE_PRESENT_FAILED', 'http-sys-owns-port'));
  assert.throws(
    () => solvers({ ...task, wildcard: true }, { type: 'tls-alpn-01', port }),
    coded('CHALLENGE_UNSUPPORTED'),
  );
});

test('the CA gets its handshake through 400 connections that say nothing, or begin one and stop', async (t) => {
  const { port, solver } = await listener();
  const task = alpnTask('shop.everbind.test');
  t.after(() => solver.cleanUp(task));
  await solver.present(task);
  // A record header of TLS that promises 512 bytes of a ClientHello.
  for (const first of ['', '\x16\x03\x01\x02\x00\x01']) {
    const idle = await flood(port, 400, first);
    const began = performance.now();
    for (let asked = 0; asked < 5; asked += 1) {
      assert.equal(await shake(port, 'shop.everbind.test', ['acme-tls/1']), 'acme-tls/1');
    }
    assert.ok(performance.now() - began < 1_000);
    await until(() => idle.open() <= 256, 1_000);
    assert.ok(idle.open() > 200, `${idle.open()} open: only the oldest make room`);
    idle.stop();
  }
});

test('handshakes that never end, and clients that stay after theirs, are disconnected after a few seconds', async (t) => {
  const { port, solver } = await listener();
  const task = alpnTask('shop.everbind.test');
  t.after(() => solver.cleanUp(task));
  await solver.present(task);
  const idle = await flood(port, 1, '\x16\x03\x01\x02\x00\x01');
  const staying = await new Promise<Socket>((resolve) => {
    const options = { servername: 'shop.everbind.test', rejectUnauthorized: false, allowHalfOpen: true };
    const raw = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
    const socket = connect({ ...options, socket: raw, ALPNProtocols: ['acme-tls/1'] }, () => resolve(raw));
    socket.on('error', () => {});
  });
  let left = false;
  staying.on('error', () => (left = true));
  assert.ok((await until(() => idle.open() === 0, 8_000)) > 1_000);
  // The server is gone for good: what is sent is refused.
  await until(() => {
    if (!staying.destroyed) staying.write('x');
    return left || staying.destroyed;
  }, 8_000);
});
