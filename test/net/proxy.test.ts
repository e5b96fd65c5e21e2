import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { EverbindError } from '../../src/errors/error.ts';
import { createTransport } from '../../src/net/transport.ts';
import { startServer, testAuthority } from './https-server.ts';

interface Proxy {
  readonly port: number;
  readonly connects: string[];
  readonly credentials: (string | undefined)[];
  stop(): Promise<void>;
}

/** A CONNECT proxy that notes what it is asked for, and leads there, or to `leadsTo` on loopback. */
async function startProxy(refuse = false, leadsTo: number | null = null): Promise<Proxy> {
  const connects: string[] = [];
  const credentials: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('connect', (request, client: Socket) => {
    connects.push(request.url ?? '');
    credentials.push(request.headers['proxy-authorization']);
    sockets.add(client);
    client.on('error', () => {});
    if (refuse) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const [host, port] = (request.url ?? '').split(':');
    const target = connect(leadsTo ?? Number(port), leadsTo === null ? host : '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      target.pipe(client).pipe(target);
    });
    target.on('error', () => client.destroy());
    sockets.add(target);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connects,
    credentials,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

const server = await startServer((_request, response) => response.end('through'));
const roots = [(await testAuthority()).certificatePem];
const request = { method: 'GET', url: server.url, headers: {}, maxBytes: 1000, timeoutMs: 5000 } as const;
after(() => server.stop());

test('requests go through the proxy of the environment, one tunnel for many, TLS checked end to end', async () => {
  const proxy = await startProxy();
  const transport = createTransport({
    roots,
    proxy: { HTTPS_PROXY: `http://user:pass%40word@127.0.0.1:${proxy.port}` },
  });
  for (let index = 0; index < 3; index += 1) {
    assert.equal(Buffer.from((await transport(request)).body).toString(), 'through');
  }
  assert.deepEqual(proxy.connects, [`127.0.0.1:${server.port}`]);
  assert.deepEqual(proxy.credentials, [`Basic ${Buffer.from('user:pass@word').toString('base64')}`]);
  assert.deepEqual(transport.stats(), { requests: 3, connections: 1 });
  transport.close();
  const distrustful = createTransport({ proxy: { https_proxy: `http://127.0.0.1:${proxy.port}` } });
  await assert.rejects(
    distrustful(request),
    (error) => error instanceof EverbindError && error.code === 'NET_SERVER_UNTRUSTED',
  );
  distrustful.close();
  await proxy.stop();
});

test('NO_PROXY is obeyed', async () => {
  const proxy = await startProxy();
  const transport = createTransport({
    roots,
    proxy: { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: 'localhost,127.0.0.1' },
  });
  await transport(request);
  assert.deepEqual(proxy.connects, []);
  transport.close();
  await proxy.stop();
});

test('the environment of the process is the default, null switches it off', async () => {
  const proxy = await startProxy();
  const saved = { ...process.env };
  for (const name of ['NO_PROXY', 'no_proxy', 'https_proxy']) delete process.env[name];
  process.env['HTTPS_PROXY'] = `http://127.0.0.1:${proxy.port}`;
  try {
    const transport = createTransport({ roots });
    await transport(request);
    assert.equal(proxy.connects.length, 1);
    transport.close();
    const direct = createTransport({ roots, proxy: null });
    await direct(request);
    assert.equal(proxy.connects.length, 1);
    direct.close();
  } finally {
    process.env = saved;
  }
  await proxy.stop();
});

test('a proxy that refuses or is not there: coded, and its password is nowhere in the error', async () => {
  const proxy = await startProxy(true);
  for (const port of [proxy.port, 1]) {
    const transport = createTransport({ roots, proxy: { HTTPS_PROXY: `http://user:hunter2@127.0.0.1:${port}` } });
    await assert.rejects(transport(request), (error) => {
      assert.ok(error instanceof EverbindError && error.code === 'NET_CONNECTION_FAILED', inspect(error));
      const text = inspect(error, { depth: 10, showHidden: true });
      assert.doesNotMatch(text, /hunter2|aHVudGVyMg|dXNlcjpodW50ZXIy/);
      return true;
    });
    transport.close();
  }
  await proxy.stop();
});

test('a proxy address without a scheme is an http proxy', async () => {
  const proxy = await startProxy();
  const transport = createTransport({ roots, proxy: { HTTPS_PROXY: `127.0.0.1:${proxy.port}` } });
  await transport(request);
  assert.equal(proxy.connects.length, 1);
  transport.close();
  await proxy.stop();
});

test('an address as people write it is used: blanks around it, a scheme in capitals, a line end behind it', async (t) => {
  const proxy = await startProxy();
  t.after(() => proxy.stop());
  const at = `127.0.0.1:${proxy.port}`;
  const written = [` http://${at}`, `http://${at} `, `${at}\r\n`, `HTTP://${at}`, `\thttp://user:pass@${at}/`];
  for (const [index, address] of written.entries()) {
    for (const name of ['HTTPS_PROXY', 'https_proxy']) {
      const transport = createTransport({ roots, proxy: { [name]: address } });
      await transport(request);
      transport.close();
    }
    assert.equal(proxy.connects.length, 2 * (index + 1), JSON.stringify(address));
  }
});

test('exceptions are taken with semicolons, blanks, brackets and final dots, too', async (t) => {
  const proxy = await startProxy();
  t.after(() => proxy.stop());
  const environment = { HTTPS_PROXY: `127.0.0.1:${proxy.port}` };
  for (const exceptions of [
    'a.test;127.0.0.1',
    'a.test 127.0.0.1',
    ' ,127.0.0.1. ',
    '127.0.0.0 - 127.0.0.9',
    '[127.0.0.1]',
  ]) {
    const transport = createTransport({ roots, proxy: { ...environment, no_proxy: exceptions } });
    await transport(request);
    transport.close();
    assert.deepEqual(proxy.connects, [], exceptions);
  }
  const transport = createTransport({ roots, proxy: { ...environment, NO_PROXY: ' ; ' } });
  await transport(request);
  transport.close();
  assert.equal(proxy.connects.length, 1);
});

test('an address that is no HTTP proxy is refused: connecting directly would be a surprise', async () => {
  for (const address of [
    'socks5://127.0.0.1:1080',
    'http://',
    ' ',
    'http://user:pa%ss@127.0.0.1:1',
    'http://user:hunter2@a b/',
    'ftp://x',
  ]) {
    const transport = createTransport({ roots, proxy: { HTTPS_PROXY: address } });
    await assert.rejects(transport(request), (error) => {
      assert.ok(error instanceof EverbindError && error.code === 'NET_PROXY_INVALID', inspect(error));
      assert.doesNotMatch(inspect(error, { depth: 10 }), /hunter2/);
      return true;
    });
  }
});

test('plain http to this machine never goes through a proxy, and to nothing but the host that is allowed', async (t) => {
  const asked: string[] = [];
  const proxy = createServer((call, response) => {
    asked.push(call.url ?? '');
    response.end('by the proxy');
  });
  const local = createServer((_call, response) => response.end('direct'));
  for (const each of [proxy, local]) {
    await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve));
    t.after(() => each.close());
  }
  const portOf = (each: typeof local): number => (each.address() as AddressInfo).port;
  const environment = { HTTP_PROXY: `http://127.0.0.1:${portOf(proxy)}` };
  const transport = createTransport({ allowInsecureLoopback: true, proxy: environment });
  const { body } = await transport({ ...request, url: `http://127.0.0.1:${portOf(local)}/` });
  transport.close();
  assert.equal(Buffer.from(body).toString(), 'direct');
  assert.deepEqual(asked, []);

  const host = `127.0.0.1:${portOf(local)}`;
  const only = createTransport({ plainHost: host, proxy: environment });
  assert.equal((await only({ ...request, url: `http://${host}/` })).status, 200);
  for (const url of ['http://169.254.169.253/', 'http://127.0.0.1:1/', `http://user@${host.replace('127', '126')}/`]) {
    await assert.rejects(only({ ...request, url }), { code: 'NET_INSECURE_URL' });
  }
  only.close();
});

test('the server is asked for and checked by what stands in the address: IPv6, ports, a dot at the end', async () => {
  const names = ['ca.everbind.test', '2001:db8::1'];
  const seen: (string | undefined)[] = [];
  const target = await startServer(
    (asked, response) => {
      seen.push(`${String((asked.socket as TLSSocket).servername)} ${asked.headers.host}${asked.url}`);
      response.end();
    },
    { names },
  );
  const proxy = await startProxy(false, target.port);
  const transport = createTransport({ roots, proxy: { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` } });
  const ask = (url: string) => transport({ ...request, url });
  for (const url of [
    'https://[2001:0DB8:0::1]/a?b',
    'https://CA.everbind.test:14000/%20',
    'https://ca.everbind.test./',
  ]) {
    assert.equal((await ask(url)).status, 200, url);
  }
  assert.deepEqual(proxy.connects, ['[2001:db8::1]:443', 'ca.everbind.test:14000', 'ca.everbind.test.:443']);
  assert.deepEqual(seen, [
    'false [2001:db8::1]/a?b',
    'ca.everbind.test ca.everbind.test:14000/%20',
    'ca.everbind.test. ca.everbind.test./',
  ]);
  for (const url of [
    'https://[2001:db8::2]/',
    'https://other.everbind.test./',
    'https://192.0.2.1/',
    'https://test./',
  ]) {
    await assert.rejects(ask(url), { code: 'NET_SERVER_UNTRUSTED' }, url);
  }
  assert.equal(seen.length, 3);
  transport.close();
  await proxy.stop();
  await target.stop();
});
