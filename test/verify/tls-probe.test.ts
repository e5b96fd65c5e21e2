import assert from 'node:assert/strict';
import { createDiffieHellmanGroup } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createServer as createTlsServer, type TlsOptions, TLSSocket } from 'node:tls';
import * as asn1js from 'asn1js';
import { EverbindError, errorCode } from '../../src/errors/error.ts';
import { tlsProbe } from '../../src/verify/tls-probe.ts';
import { makeCertificate, makeHierarchy, type MadeCertificate } from './certificates.ts';

async function listen(t: TestContext, server: Server, address = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

function serverOf(leaf: MadeCertificate, above: readonly MadeCertificate[] = [], options: TlsOptions = {}): Server {
  const server = createTlsServer({
    key: leaf.privateKeyPem,
    cert: [leaf, ...above].map(({ pem }) => pem).join(''),
    ...options,
  });
  return server.on('tlsClientError', () => {});
}

function probe(port: number, host = '', timeoutMs = 30_000, signal?: AbortSignal): ReturnType<typeof tlsProbe> {
  return tlsProbe({ address: '127.0.0.1', port, host, timeoutMs }, signal);
}

const names = (chain: readonly Uint8Array[], from: readonly MadeCertificate[]): readonly string[] =>
  chain.map((der) => from.find((made) => Buffer.from(made.der).equals(der))?.commonName ?? '?');

test('the chain is what the server sent, in its order, root and strangers included', async (t) => {
  const { root, upper, lower, leaf } = await makeHierarchy(['chain.test']);
  const stranger = await makeCertificate({ commonName: 'stranger' });
  for (const above of [[], [lower], [lower, upper], [lower, upper, root], [stranger, lower]]) {
    const port = await listen(t, serverOf(leaf, above));
    const { chain, protocol } = await probe(port, 'chain.test');
    assert.deepEqual(
      names(chain, [root, upper, lower, leaf, stranger]),
      [leaf, ...above].map(({ commonName }) => commonName),
    );
    assert.equal(protocol, 'TLSv1.3');
  }
});

test('an expired, a self-signed and a weak certificate are seen as visitors see them', async (t) => {
  const expired = await makeCertificate({ commonName: 'expired', from: -30, until: -1 });
  const weak = await makeCertificate({ commonName: 'weak', weakKey: true });
  for (const certificate of [expired, weak]) {
    const port = await listen(t, serverOf(certificate, [], { ciphers: 'DEFAULT:@SECLEVEL=0' }));
    assert.deepEqual((await probe(port)).chain, [certificate.der]);
  }
});

test('a server with a Diffie-Hellman group of 1024 bits is seen too', async (t) => {
  const certificate = await makeCertificate({ commonName: 'group', weakKey: true });
  const group = createDiffieHellmanGroup('modp2');
  const parameters = new asn1js.Sequence({
    value: [group.getPrime(), group.getGenerator()].map((value) =>
      asn1js.Integer.fromBigInt(BigInt(`0x${value.toString('hex')}`)),
    ),
  });
  const options = { ciphers: 'DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0', maxVersion: 'TLSv1.2' } as const;
  const dhparam = `-----BEGIN DH PARAMETERS-----\n${Buffer.from(parameters.toBER()).toString('base64')}\n-----END DH PARAMETERS-----\n`;
  const port = await listen(t, serverOf(certificate, [], { ...options, dhparam }));
  assert.deepEqual((await probe(port)).chain, [certificate.der]);
});

test('the host goes out as SNI in A-labels; none for no host and for an address', async (t) => {
  const certificate = await makeCertificate({ commonName: 'sni' });
  const hosts = ['Shop.Test', 'bücher.test', '', '127.0.0.1', '[2001:db8::1]', '2001:db8::1'];
  const asked: unknown[] = [];
  const failed: Error[] = [];
  const server = createTlsServer({ key: certificate.privateKeyPem, cert: certificate.pem });
  const port = await listen(t, server);
  for (const host of hosts) {
    // The handshake is complete for the server too: it sees no broken connection.
    const done = new Promise<void>((resolve) => {
      server.once('secureConnection', (socket: TLSSocket) => {
        asked.push(socket.servername);
        socket.once('error', (error) => failed.push(error)).once('close', () => resolve());
      });
      server.once('tlsClientError', (error) => {
        failed.push(error);
        resolve();
      });
    });
    await probe(port, host);
    await done;
  }
  assert.deepEqual(failed, []);
  assert.deepEqual(asked, ['shop.test', 'xn--bcher-kva.test', false, false, false, false]);
});

test('one version alone is offered on demand, and the cipher suite is named as by IANA', async (t) => {
  const port = await listen(t, serverOf(await makeCertificate({ commonName: 'versions' })));
  for (const [version, suite] of [
    ['TLSv1.2', /^TLS_ECDHE_/],
    ['TLSv1.3', /^TLS_(AES|CHACHA20)_/],
  ] as const) {
    const { protocol, cipher } = await tlsProbe({ address: '127.0.0.1', port, host: '', timeoutMs: 30_000, version });
    assert.equal(protocol, version);
    assert.match(cipher ?? '', suite);
  }
});

test('TLS 1.2 is enough, TLS 1.1 is not', async (t) => {
  const certificate = await makeCertificate({ commonName: 'old' });
  const options = { ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
  const modern = await listen(t, serverOf(certificate, [], { ...options, maxVersion: 'TLSv1.2' }));
  assert.equal((await probe(modern)).protocol, 'TLSv1.2');
  const ancient = await listen(
    t,
    serverOf(certificate, [], { ...options, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }),
  );
  await assert.rejects(probe(ancient), { code: 'VERIFY_HANDSHAKE_FAILED' });
});

test('nobody there, a reset, a closed door and another protocol are told apart from silence', async (t) => {
  const gone = createTcpServer();
  const port = await listen(t, gone);
  await new Promise((resolve) => gone.close(resolve));
  const failure = await probe(port, 'x.test').catch((error: unknown) => error);
  assert.ok(failure instanceof EverbindError);
  assert.equal(failure.code, 'VERIFY_CONNECT_FAILED');
  assert.deepEqual(failure.details, { address: '127.0.0.1', port, host: 'x.test', reason: 'ECONNREFUSED' });
  const rude = await listen(
    t,
    createTcpServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
  );
  const shut = await listen(
    t,
    createTcpServer((socket) => socket.end()),
  );
  const web = await listen(
    t,
    createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  );
  for (const other of [rude, shut, web]) {
    assert.equal(errorCode(await probe(other).catch((error: unknown) => error)), 'VERIFY_HANDSHAKE_FAILED');
  }
});

test('a server that never responds costs the time limit and no more', async (t) => {
  const port = await listen(
    t,
    createTcpServer((socket) => socket.on('error', () => {})),
  );
  await assert.rejects(probe(port, '', 100), { code: 'VERIFY_TIMEOUT' });
});

test('an aborted signal ends the probe with its reason, before and during the handshake', async (t) => {
  const port = await listen(
    t,
    createTcpServer((socket) => socket.on('error', () => {})),
  );
  const reason = new Error('enough');
  await assert.rejects(probe(port, '', 5000, AbortSignal.abort(reason)), reason);
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 20);
  await assert.rejects(probe(port, '', 5000, controller.signal), reason);
});

test('the probe says nothing beyond the handshake and hangs up', async (t) => {
  const certificate = await makeCertificate({ commonName: 'quiet' });
  let octets = 0;
  const ended = new Promise<void>((resolve) => {
    const server = createTcpServer((socket) => {
      const tls = new TLSSocket(socket, { isServer: true, key: certificate.privateKeyPem, cert: certificate.pem });
      tls.on('data', (chunk: Buffer) => {
        octets += chunk.length;
      });
      tls.on('error', () => {});
      tls.on('close', () => resolve());
    });
    void listen(t, server).then((port) => probe(port));
  });
  await ended;
  assert.equal(octets, 0);
});

test('a second probe resumes no session, and so sees the certificate', async (t) => {
  const certificate = await makeCertificate({ commonName: 'again' });
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const server = serverOf(certificate);
    const target = { address: '127.0.0.1', port: await listen(t, server), host: 'again', timeoutMs: 30_000, version };
    for (let time = 0; time < 2; time += 1) {
      const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>;
      assert.deepEqual((await tlsProbe(target)).chain, [certificate.der]);
      assert.equal((await accepted)[0].isSessionReused(), false);
    }
  }
});

test('an IPv6 address is named with brackets', async () => {
  const failure = await tlsProbe({ address: '::1', port: 1, host: '', timeoutMs: 1000 }).catch(
    (error: unknown) => error,
  );
  assert.ok(failure instanceof EverbindError);
  assert.match(failure.message, /^\[::1\]:1: /);
});
