import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { createLabCa } from '../../lab/test-ca.ts';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { createTransport, type NetTransport, type TransportOptions } from '../../src/net/transport.ts';
import { EverbindError } from '../../src/errors/error.ts';
import type { ErrorCode } from '../../src/errors/table.ts';
import type { HttpRequest } from '../../src/ports/transport.ts';
import { type Handler, type ServerOptions, startServer, testAuthority, type TestServer } from './https-server.ts';

const cleanUp: (() => unknown)[] = [];
after(() => Promise.all(cleanUp.map((work) => work())));

async function serve(handler: Handler, options?: ServerOptions): Promise<TestServer> {
  const server = await startServer(handler, options);
  cleanUp.push(() => server.stop());
  return server;
}

async function transportTo(options: TransportOptions = {}): Promise<NetTransport> {
  const transport = createTransport({ roots: [(await testAuthority()).certificatePem], proxy: null, ...options });
  cleanUp.push(() => transport.close());
  return transport;
}

function get(url: string, changes: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', url, headers: {}, maxBytes: 1000, timeoutMs: 30_000, ...changes };
}

function coded(code: ErrorCode, reason?: string): (error: unknown) => boolean {
  return (error) => {
    if (
      error instanceof EverbindError &&
      error.code === code &&
      (reason === undefined || error.details['reason'] === reason)
    )
      return true;
    throw new Error(`expected ${code}`, { cause: error });
  };
}

test('one connection for requests in a row; repeated headers keep every value', async () => {
  const server = await serve((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      response.setHeader('X-Twice', ['a', 'b']);
      response.end(`${request.method} ${request.url} ${request.headers['user-agent']} ${body}`);
    });
  });
  const transport = await transportTo({ userAgent: 'agent/1' });
  const posted = await transport(get(`${server.url}/x?y=1`, { method: 'POST', body: 'ü' }));
  assert.equal(posted.status, 200);
  assert.equal(Buffer.from(posted.body).toString(), 'POST /x?y=1 agent/1 ü');
  assert.deepEqual(posted.headers['x-twice'], ['a', 'b']);
  for (let index = 0; index < 5; index += 1) await transport(get(server.url, { headers: { 'user-agent': 'own' } }));
  assert.deepEqual(transport.stats(), { requests: 6, connections: 1 });
  assert.equal(server.connections(), 1);
});

test('concurrent requests share a bounded pool', async () => {
  let busy = 0;
  let most = 0;
  const server = await serve((_request, response) => {
    most = Math.max(most, (busy += 1));
    setTimeout(() => {
      busy -= 1;
      response.end();
    }, 5);
  });
  const transport = await transportTo({ maxSockets: 4 });
  await Promise.all(Array.from({ length: 20 }, () => transport(get(server.url))));
  assert.equal(most, 4);
  assert.ok(server.connections() <= 4);
  assert.equal(transport.stats().connections, server.connections());
});

test('a redirect is handed back, not followed', async () => {
  let asked = 0;
  const server = await serve((_request, response) => {
    asked += 1;
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  const answer = await (await transportTo())(get(server.url));
  assert.equal(answer.status, 302);
  assert.equal(asked, 1);
});

test('a body beyond the limit: announced, or just sent without end', async () => {
  const announced = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': 10_000_000 });
    response.write('x');
  });
  const transport = await transportTo();
  await assert.rejects(transport(get(announced.url)), coded('NET_RESPONSE_TOO_LARGE'));
  const endless = await serve((_request, response) => {
    const pump = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65536)));
      response.once('drain', pump);
    };
    pump();
  });
  await assert.rejects(transport(get(endless.url, { maxBytes: 100_000 })), coded('NET_RESPONSE_TOO_LARGE'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  // What socket buffers hold, and no more.
  assert.ok(endless.bytesWritten() < 16 * 1024 * 1024, `${endless.bytesWritten()} octets were taken`);
  const exact = await serve((_request, response) => response.end(Buffer.alloc(1000)));
  assert.equal((await transport(get(exact.url))).body.length, 1000);
});

test('the time limit is for the whole exchange: silence, a trickle of body, a trickle of headers, endless 103s', async () => {
  const transport = await transportTo();
  const silent = await serve(() => {});
  await assert.rejects(transport(get(silent.url, { timeoutMs: 200 })), coded('NET_TIMEOUT'));
  const trickles: Handler[] = [
    (_request, response) => {
      response.writeHead(200);
      every(10, response.socket, () => response.write('x'));
    },
    (_request, response) => {
      response.socket?.write('HTTP/1.1 200 OK\r\n');
      every(10, response.socket, () => response.socket?.write('x: y\r\n'));
    },
    (_request, response) =>
      every(10, response.socket, () => response.socket?.write('HTTP/1.1 103 Early Hints\r\n\r\n')),
  ];
  for (const trickle of trickles) {
    const server = await serve(trickle);
    await assert.rejects(transport(get(server.url, { timeoutMs: 300, maxBytes: 1_000_000 })), coded('NET_TIMEOUT'));
  }
});

function every(ms: number, socket: Socket | null, work: () => void): void {
  const timer = setInterval(work, ms);
  socket?.on('close', () => clearInterval(timer));
}

test('a connection that ends too early, in the head and in the body', async () => {
  const transport = await transportTo();
  const answers = [
    '',
    'HTTP/1.1 200 OK\r\ncontent-le',
    'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf',
  ];
  for (const head of answers) {
    for (const reset of [false, true]) {
      const server = await serve((_request, response) => {
        response.socket?.write(head, () =>
          setTimeout(() => (reset ? response.socket?.destroy() : response.socket?.end()), 10),
        );
      });
      await assert.rejects(transport(get(server.url)), coded('NET_CONNECTION_FAILED'));
    }
  }
});

test('a request that was sent again on another connection says so', async () => {
  const transport = await transportTo();
  let requests = 0;
  const server = await serve((_request, response) => {
    requests += 1;
    if (requests === 2) response.socket?.destroy();
    else response.end('here');
  });
  assert.equal((await transport(get(server.url))).repeated, undefined);
  assert.equal((await transport(get(server.url))).repeated, true);
  assert.equal(requests, 3);
});

test('what is no HTTP, and an upgrade that nobody asked for', async () => {
  const transport = await transportTo();
  for (const answer of [
    'SSH-2.0-OpenSSH\r\n\r\n',
    'HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
    `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(200_000)}\r\n\r\n`,
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
  ]) {
    const server = await serve((_request, response) => void response.socket?.write(answer));
    await assert.rejects(transport(get(server.url)), coded('NET_CONNECTION_FAILED'));
  }
});

test('certificates: unknown authority, another host, expired, NODE_TLS_REJECT_UNAUTHORIZED', async () => {
  const server = await serve((_request, response) => response.end());
  const foreign = createTransport({ proxy: null });
  cleanUp.push(() => foreign.close());
  await assert.rejects(foreign(get(server.url)), coded('NET_SERVER_UNTRUSTED', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'));
  const transport = await transportTo();
  const other = await serve((_request, response) => response.end(), { names: ['ca.example'] });
  await assert.rejects(transport(get(other.url)), coded('NET_SERVER_UNTRUSTED', 'ERR_TLS_CERT_ALTNAME_INVALID'));
  const expired = await serve((_request, response) => response.end(), { expired: true });
  await assert.rejects(transport(get(expired.url)), coded('NET_SERVER_UNTRUSTED', 'CERT_HAS_EXPIRED'));
  await assert.rejects(transport(get(expired.url)), /CERT_HAS_EXPIRED, by the clock of this machine \(20\d\d-/);
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  try {
    await assert.rejects((await transportTo())(get(expired.url)), coded('NET_SERVER_UNTRUSTED'));
  } finally {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
  }
});

test('TLS 1.2 will do, TLS 1.1 will not', async () => {
  const transport = await transportTo();
  const old = await serve((_request, response) => response.end(), { maxVersion: 'TLSv1.1' });
  await assert.rejects(transport(get(old.url)), coded('NET_CONNECTION_FAILED'));
  const fair = await serve((_request, response) => response.end('ok'), { maxVersion: 'TLSv1.2' });
  assert.equal((await transport(get(fair.url))).status, 200);
});

test('roots are added to those of Node, and rubbish is no root', async () => {
  const transport = await transportTo({ systemRoots: true });
  const server = await serve((_request, response) => response.end());
  assert.equal((await transport(get(server.url))).status, 200);
  const broken = createTransport({
    roots: ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
    proxy: null,
  });
  await assert.rejects(broken(get(server.url)), coded('NET_SERVER_UNTRUSTED'));
});

test('roots that are given do not take the place of Node’s own', async () => {
  const server = await serve((_request, response) => response.end());
  const { certificatePem: other } = await createLabCa('Everbind tests: another');
  const transport = createTransport({
    roots: [other],
    ownRoots: [(await testAuthority()).certificatePem],
    proxy: null,
  });
  cleanUp.push(() => transport.close());
  await Promise.all([1, 2, 3].map(() => transport(get(server.url))));
  await transport(get(server.url));
  const without = createTransport({ roots: [other], proxy: null });
  cleanUp.push(() => without.close());
  for (let round = 0; round < 2; round += 1)
    await assert.rejects(without(get(server.url)), coded('NET_SERVER_UNTRUSTED'));
});

test('plain http: to loopback, and only when allowed', async () => {
  const server = await serve((_request, response) => response.end('plain'), { plain: true });
  await assert.rejects((await transportTo())(get(server.url)), coded('NET_INSECURE_URL'));
  const lenient = await transportTo({ allowInsecureLoopback: true });
  assert.equal(Buffer.from((await lenient(get(server.url))).body).toString(), 'plain');
  await assert.rejects(lenient(get('http://ca.example/dir')), coded('NET_INSECURE_URL'));
});

test('addresses that are refused before anything is sent, and not repeated in the error', async () => {
  const lenient = await transportTo({ allowInsecureLoopback: true });
  for (const url of ['/dir', 'https://', 'ftp://localhost/', 'https://user@localhost/', 'https://:word@localhost/']) {
    await assert.rejects(lenient(get(url)), (error: Error) => {
      assert.ok(!inspect(error).includes('word@'), inspect(error));
      return coded('NET_INSECURE_URL')(error);
    });
  }
  assert.deepEqual(lenient.stats(), { requests: 0, connections: 0 });
});

test('nobody listens; a name that does not exist', async () => {
  const server = await startServer((_request, response) => response.end());
  await server.stop();
  const transport = await transportTo();
  await assert.rejects(transport(get(server.url)), coded('NET_CONNECTION_FAILED', 'ECONNREFUSED'));
  await assert.rejects(transport(get('https://no-such-host.invalid/')), coded('NET_CONNECTION_FAILED'));
});

test('aborted before and during, with the reason of the signal', async () => {
  const transport = await transportTo();
  const server = await serve(() => {});
  await assert.rejects(transport(get(server.url), AbortSignal.abort(new Error('early'))), /early/);
  const stop = new AbortController();
  const call = transport(get(server.url), stop.signal);
  setTimeout(() => stop.abort(new Error('late')), 20);
  await assert.rejects(call, /late/);
});

test('a kept connection that the server drops as we write to it is replaced once, unseen', async () => {
  let count = 0;
  const server = await serve((request, response) => {
    count += 1;
    // The second request arrives on a connection that ends without a word, as one that was about to be closed.
    if (count === 2) request.socket.destroy();
    else response.end(`answer ${count}`);
  });
  const transport = await transportTo();
  await transport(get(server.url));
  const second = await transport(get(server.url, { method: 'POST', body: 'x' }));
  assert.equal(Buffer.from(second.body).toString(), 'answer 3');
  assert.deepEqual(transport.stats(), { requests: 3, connections: 2 });
});

test('a new connection that ends without a response is an error, not tried again', async () => {
  let count = 0;
  const server = await serve((request) => {
    count += 1;
    request.socket.destroy();
  });
  await assert.rejects((await transportTo())(get(server.url)), coded('NET_CONNECTION_FAILED', 'ECONNRESET'));
  assert.equal(count, 1);
});

test('a connection that the server closed while idle is not used', async () => {
  const server = await serve((_request, response) => response.end('x'));
  const transport = await transportTo();
  for (let round = 0; round < 5; round += 1) {
    await transport(get(server.url));
    server.dropIdle();
  }
  assert.equal(Buffer.from((await transport(get(server.url))).body).toString(), 'x');
});

test('a closed transport lets go of what is under way', async () => {
  const server = await serve((request, response) => {
    if (request.url === '/first') response.end();
  });
  const transport = await transportTo();
  await transport(get(`${server.url}/first`));
  const call = transport(get(server.url));
  setTimeout(() => transport.close(), 20);
  await assert.rejects(call, coded('NET_CONNECTION_FAILED'));
});

test('request after request on one handed-over connection counts as one', async () => {
  const server = await serve((_request, response) => response.end());
  const transport = await transportTo({ maxSockets: 1 });
  await Promise.all([1, 2, 3].map(() => transport(get(server.url))));
  assert.deepEqual(transport.stats(), { requests: 3, connections: 1 });
});
