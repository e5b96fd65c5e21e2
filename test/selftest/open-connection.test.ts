import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer, type TLSSocket } from 'node:tls';
import { systemRandom } from '../../src/net/system.ts';
import { createLocalCa, type LocalCa } from '../../src/selftest/local-ca.ts';
import { openConnection } from '../../src/selftest/open-connection.ts';

/** A server with a certificate of this CA that does `respond` with each request. */
async function serve(
  t: TestContext,
  ca: LocalCa,
  respond: (socket: TLSSocket, count: number) => void,
): Promise<number> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const chain = ca.issue(publicKey.export({ type: 'spki', format: 'der' }));
  const pem = (der: Uint8Array): string =>
    `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const server = createServer({ key, cert: chain.map(pem).join('') }, (socket) => {
    let count = 0;
    socket.on('error', () => {});
    socket.on('data', () => {
      count += 1;
      respond(socket, count);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

test('an open connection says whether its requests are responded to or the server has closed it', async (t) => {
  const ca = createLocalCa(systemRandom, Date.now());
  const port = await serve(t, ca, (socket, count) => {
    // In two pieces.
    if (count === 1) {
      socket.write(RESPONSE.slice(0, 20));
      socket.write(RESPONSE.slice(20));
    } else socket.destroy();
  });
  const { ask, close } = await openConnection({ address: '127.0.0.1', port }, ca);
  assert.equal(await ask(), 'a request was responded to');
  assert.equal(await ask(), 'the server has closed it');
  assert.equal(await ask(), 'the server has closed it');
  close();
});

test('an open connection trusts the CA of this self-test alone', async (t) => {
  const ca = createLocalCa(systemRandom, Date.now());
  const port = await serve(t, createLocalCa(systemRandom, Date.now()), (socket) => socket.write(RESPONSE));
  await assert.rejects(openConnection({ address: '127.0.0.1', port }, ca));
});
