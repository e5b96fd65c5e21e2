import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awaitListening } from '../../../src/iis/await-site.ts';
import { systemClock } from '../../../src/net/system.ts';
import type { Endpoint, WindowsHost } from '../../../src/ports/windows-host.ts';
import { configurationOf, fetchRaw, simFor } from './support.ts';

const configuration = configurationOf(
  { name: 'Any', path: '%SystemDrive%\\inetpub\\wwwroot', bindings: [['http', '*:80:']] },
  {
    name: 'Shop',
    path: 'D:\\Web\\Shop',
    bindings: [
      ['http', '*:80:shop.test'],
      ['http', '*:8080:'],
    ],
  },
  { name: 'Tenants', path: 'D:\\Web\\Tenants', bindings: [['http', '*:80:*.shop.test']] },
  { name: 'Bücher', path: 'D:\\Web\\Bücher', bindings: [['http', '*:80:bücher.test']] },
  { name: 'Loopback', path: 'D:\\Web\\Ten', bindings: [['http', '127.0.0.10:80:']] },
  { name: 'Addressed', path: 'D:\\Web\\Addressed', bindings: [['http', '192.0.2.20:80:named.test']] },
  { name: 'Six', path: 'D:\\Web\\Six', bindings: [['http', '[2001:db8::6]:80:']] },
  { name: 'Off', path: 'D:\\Web\\Off', attributes: 'serverAutoStart="false"', bindings: [['http', '*:80:off.test']] },
  { name: 'Twin', path: 'D:\\Web\\Twin', bindings: [['http', '*:80:SHOP.test']] },
);

const bodies = {
  Any: 'C:\\inetpub\\wwwroot',
  Shop: 'D:\\Web\\Shop',
  Tenants: 'D:\\Web\\Tenants',
  Bücher: 'D:\\Web\\Bücher',
  Loopback: 'D:\\Web\\Ten',
  Addressed: 'D:\\Web\\Addressed',
  Six: 'D:\\Web\\Six',
  Off: 'D:\\Web\\Off',
  Twin: 'D:\\Web\\Twin',
} as const;

async function mark(host: WindowsHost): Promise<void> {
  for (const [site, folder] of Object.entries(bodies)) {
    await host.files.write(`${folder}\\who.txt`, Buffer.from(site));
  }
}

async function at(host: WindowsHost, address: string, port: number): Promise<Endpoint> {
  const [endpoint] = await host.endpoints(address, port);
  assert.ok(endpoint !== undefined, `nothing listens on ${address}:${port}`);
  return endpoint;
}

test('requests find their site as http.sys routes them', async (t) => {
  const { host, httpPort } = await simFor(t, configuration);
  await mark(host);
  const who = async (address: string, name: string, port = 80): Promise<string> => {
    const { status, body } = await fetchRaw(await at(host, address, port), name, '/who.txt');
    return status === 200 ? body : String(status);
  };
  assert.equal(await who('*', 'shop.test'), 'Shop');
  assert.equal(await who('*', `SHOP.test:${httpPort}`), 'Shop');
  assert.equal(await who('*', 'a.shop.test'), 'Tenants');
  assert.equal(await who('*', 'a.b.shop.test'), 'Tenants');
  assert.equal(await who('*', 'xn--bcher-kva.test'), 'Bücher');
  assert.equal(await who('*', 'unknown.test'), 'Any');
  assert.equal(await who('*', '127.0.0.1'), 'Any');
  assert.equal(await who('*', 'unknown.test', 8080), 'Shop');
  assert.equal(await who('127.0.0.10', '127.0.0.10'), 'Loopback');
  assert.equal(await who('127.0.0.10', 'shop.test'), 'Shop', 'a host goes before an address');
  assert.equal(await who('192.0.2.20', 'named.test'), 'Addressed');
  assert.equal(await who('*', 'named.test'), 'Any', 'bound to another address');
  assert.equal(await who('2001:db8::6', '[2001:db8::6]'), 'Six');
  assert.equal(await who('*', 'off.test'), 'Any', 'a stopped site is not there');
  assert.deepEqual(
    [
      ...new Set(
        (await Promise.all(['*', '127.0.0.10', '192.0.2.20', '2001:db8::6'].map((one) => at(host, one, 80)))).map(
          ({ port }) => port,
        ),
      ),
    ],
    [httpPort],
    'port 80 has one number on every address',
  );
});

test('a host without a site is refused with 400', async (t) => {
  const { host } = await simFor(t, configurationOf({ name: 'One', bindings: [['http', '*:80:one.test']] }));
  assert.equal((await fetchRaw(await at(host, '*', 80), 'two.test', '/')).status, 400);
  assert.equal((await fetchRaw(await at(host, '*', 80), 'one.test', '/')).status, 200);
});

test('two sites with one binding: the second does not run', async (t) => {
  const { ports, snapshot, host } = await simFor(t, configuration);
  const twin = (await snapshot()).sites.find(({ name }) => name === 'Twin');
  assert.deepEqual([twin?.state, twin?.conflict], ['Stopped', 'http *:80:shop.test belongs to Shop']);
  assert.equal((await ports()).find(({ site }) => site === 'Twin')?.endpoint, null);
  assert.equal((await host.appcmd(['start', 'site', 'Twin'])).exitCode, 183);
  assert.equal((await host.appcmd(['stop', 'site', 'Shop'])).exitCode, 0);
  assert.equal((await host.appcmd(['start', 'site', 'Twin'])).exitCode, 0);
  await awaitListening(host, systemClock, { siteId: 9, address: '*', port: 80 });
  await mark(host);
  assert.equal((await fetchRaw(await at(host, '*', 80), 'shop.test', '/who.txt')).body, 'Twin');
  assert.deepEqual(await host.endpoints('*', 8080), [], 'no site is left on port 8080');
});

test('files: known types, 404.3 for the others, no list of folders, no way out', async (t) => {
  const { host } = await simFor(t, configuration);
  const endpoint = await at(host, '*', 80);
  await host.files.write('D:\\Web\\Shop\\.well-known\\acme-challenge\\token', Buffer.from('token.print'));
  await host.files.write('D:\\Web\\Shop\\a b\\é.txt', Buffer.from('here'));
  await host.files.write('D:\\Web\\secret.txt', Buffer.from('secret'));
  await host.files.write('D:\\Web\\Shop\\bin\\x.txt', Buffer.from('secret'));
  const get = async (path: string, method = 'GET'): Promise<string> => {
    const { status, type, body } = await fetchRaw(endpoint, 'shop.test', path, method);
    return status === 200 ? `${type}: ${body}` : (/HTTP Error ([\d.]+)/.exec(body)?.[1] ?? String(status));
  };
  assert.equal(await get('/a%20b/%C3%A9.txt'), 'text/plain: here');
  assert.equal(await get('/A%20B/%C3%A9.TXT?query'), 'text/plain: here');
  assert.equal(await get('/a%20b/%C3%A9.txt', 'HEAD'), 'text/plain: ');
  assert.equal(await get('/.well-known/acme-challenge/token'), '404.3');
  assert.equal(await get('/.well-known/acme-challenge/none'), '404');
  assert.equal(await get('/.well-known/'), '403.14');
  assert.match(await get('/'), /<h1>Shop<\/h1>/);
  assert.equal(await get('/web.config'), '404.8');
  assert.equal(await get('/bin/x.txt'), '404.8');
  assert.equal(await get('/a%2520b/x.txt'), '404.11');
  assert.equal(await get('/a%20b/%C3%A9.txt', 'POST'), '405');
  for (const path of [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/..%5csecret.txt',
    '/x/../../secret.txt',
  ]) {
    assert.equal(await get(path), '400', path);
  }
  for (const path of ['/C:/Web/secret.txt', '/x%00.txt', '/who.txt::$DATA', '/%ff'])
    assert.equal(await get(path), '400', path);
});

test('web.config on the way to a file decides whether it is served', async (t) => {
  const { host } = await simFor(t, configuration);
  const endpoint = await at(host, '*', 80);
  const folder = 'D:\\Web\\Shop\\.well-known\\acme-challenge';
  await host.files.write(`${folder}\\token`, Buffer.from('token.print'));
  const get = async (): Promise<string> => {
    const { status, type, body } = await fetchRaw(endpoint, 'shop.test', '/.well-known/acme-challenge/token');
    return status === 200 ? type : (/HTTP Error ([\d.]+)/.exec(body)?.[1] ?? String(status));
  };
  const write = (path: string, inside: string): Promise<unknown> =>
    host.files.write(
      path,
      Buffer.from(
        `<?xml version="1.0"?><configuration><system.webServer><staticContent>${inside}</staticContent></system.webServer></configuration>`,
      ),
    );
  const mime = (extension: string): string =>
    `<mimeMap fileExtension="${extension}" mimeType="text/x-${extension.length}" />`;
  assert.equal(await get(), '404.3');
  await write(`${folder}\\web.config`, mime('.'));
  assert.equal(await get(), 'text/x-1');
  await write('D:\\Web\\Shop\\Web.Config', mime('.'));
  assert.equal(await get(), '500.19', 'the entry is there already');
  await write(`${folder}\\web.config`, `<remove fileExtension="." />${mime('.')}`);
  assert.equal(await get(), 'text/x-1');
  await write(`${folder}\\web.config`, `<clear />${mime('.')}`);
  assert.equal(await get(), 'text/x-1');
  await write(`${folder}\\web.config`, '<clear />');
  assert.equal(await get(), '404.3');
  await write('D:\\Web\\Shop\\web.config', '');
  await write(`${folder}\\web.config`, mime('.*'));
  assert.equal(await get(), 'text/x-2');
  await host.files.write(`${folder}\\web.config`, Buffer.from('<configuration'));
  assert.equal(await get(), '500.19');
});

test('virtual directories and applications lie over the folders of the site', async (t) => {
  const inside =
    '<application path="/api"><virtualDirectory path="/" physicalPath="E:\\api" /><virtualDirectory path="/doc" physicalPath="E:\\doc" /></application>';
  const { host } = await simFor(t, configurationOf({ name: 'Apps', bindings: [['http', '*:80:']], inside }));
  await host.files.write('E:\\api\\x.txt', Buffer.from('api'));
  await host.files.write('E:\\doc\\x.txt', Buffer.from('doc'));
  await host.files.write('C:\\inetpub\\site1\\x.txt', Buffer.from('root'));
  const get = async (path: string): Promise<string> => (await fetchRaw(await at(host, '*', 80), 'x', path)).body;
  assert.equal(await get('/x.txt'), 'root');
  assert.equal(await get('/API/x.txt'), 'api');
  assert.equal(await get('/api/doc/x.txt'), 'doc');
  assert.match(await get('/apis/x.txt'), /404/);
});

test('a strong wildcard goes before every site, below its path only', async (t) => {
  const { host } = await simFor(t, configuration);
  await mark(host);
  const endpoint = await at(host, '*', 80);
  const end = await host.httpServer.serve('http://+:80/.well-known/acme-challenge/', ({ path }) => path);
  assert.equal(
    (await fetchRaw(endpoint, 'shop.test', '/.well-known/ACME-challenge/x')).body,
    '/.well-known/ACME-challenge/x',
  );
  assert.equal((await fetchRaw(endpoint, 'shop.test', '/who.txt')).body, 'Shop');
  const ten = await at(host, '127.0.0.10', 80);
  assert.equal((await fetchRaw(ten, '127.0.0.10', '/.well-known/acme-challenge/y')).status, 200);
  const weak = await host.httpServer.serve('http://*:80/weak/', () => 'weak');
  assert.equal((await fetchRaw(endpoint, 'unknown.test', '/weak/x')).body, 'weak');
  assert.equal((await fetchRaw(endpoint, 'shop.test', '/weak/x')).status, 404, 'the site of the host goes first');
  await weak();
  await end();
  assert.equal((await fetchRaw(endpoint, 'shop.test', '/.well-known/acme-challenge/x')).status, 404);
});
