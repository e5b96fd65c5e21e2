import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { connect } from 'node:tls';
import * as fc from 'fast-check';
import { parseAppcmdArguments, parseConfigurationPath } from '../../../lab/sim-windows/appcmd/arguments.ts';
import { readClientHello } from '../../../lab/sim-windows/serving/client-hello.ts';
import { createPlacement } from '../../../lab/sim-windows/placement.ts';
import { decodePath } from '../../../lab/sim-windows/serving/static-site.ts';
import { parsePrefix } from '../../../lab/sim-windows/serving/url-registrations.ts';
import { expandVariables, parseWindowsPath } from '../../../lab/sim-windows/windows-path.ts';
import { WindowsError } from '../../../src/errors/error.ts';

async function helloOf(servername: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  const server = createServer((socket) =>
    socket.on('data', (chunk: Buffer) => parts.push(chunk)).on('error', () => {}),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: '127.0.0.1', port, servername });
  client.on('error', () => {});
  while (readClientHello(Buffer.concat(parts)).kind === 'incomplete') {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  client.destroy();
  server.close();
  return Buffer.concat(parts);
}

test('ClientHello of a real client: server name, in one piece or in many, over one record or several', async () => {
  for (const name of ['shop.test', 'a'.repeat(63) + '.test', '']) {
    const hello = await helloOf(name);
    // A record of 5 octets, a handshake message of 4 before its body.
    const read = { kind: 'hello', serverName: name, offersTls13: true, length: hello.length - 9 };
    assert.deepEqual(readClientHello(hello), read);
    for (let length = 0; length < hello.length; length += 1) {
      assert.deepEqual(readClientHello(hello.subarray(0, length)), { kind: 'incomplete' }, `cut at ${length}`);
    }
    const body = hello.subarray(5);
    const records = [body.subarray(0, 3), body.subarray(3, 100), body.subarray(100)].flatMap((part) => [
      Buffer.from([22, 3, 1, part.length >> 8, part.length & 0xff]),
      part,
    ]);
    assert.deepEqual(readClientHello(Buffer.concat(records)), read);
  }
});

test('property: no octets upset the reader of ClientHello', async () => {
  const hello = await helloOf('shop.test');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      (changes) => {
        const octets = Buffer.from(hello);
        for (const [position, octet] of changes) octets[position] = octet;
        assert.ok(['incomplete', 'not-tls', 'hello'].includes(readClientHello(octets).kind));
      },
    ),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => void readClientHello(octets)));
  assert.deepEqual(readClientHello(Buffer.from('GET / HTTP/1.1\r\n')), { kind: 'not-tls' });
});

test('Windows paths: drives, shares, dots, variables, and names that Windows refuses', () => {
  const segments = (path: string): string => parseWindowsPath(path).segments.join('/');
  assert.equal(segments('C:\\inetpub\\wwwroot'), 'C/inetpub/wwwroot');
  assert.equal(segments('c:/inetpub//wwwroot/'), 'C/inetpub/wwwroot');
  assert.equal(segments('%SystemDrive%\\inetpub'), 'C/inetpub');
  assert.equal(segments('%IIS_SITES_HOME%\\WebSite1'), 'C/Users/Administrator/Documents/My Web Sites/WebSite1');
  assert.equal(segments('\\\\server\\share\\a\\..\\..\\b'), 'UNC/server/share/b');
  assert.equal(segments('\\\\?\\C:\\x'), 'C/x');
  assert.equal(segments('\\\\?\\UNC\\server\\share\\x'), 'UNC/server/share/x');
  assert.equal(segments('C:\\a\\..\\..\\..\\b'), 'C/b');
  assert.equal(segments('C:\\web.config. '), 'C/web.config');
  assert.equal(segments('%UNKNOWN%\\x'), 'C/Windows/System32/inetsrv/%UNKNOWN%/x');
  assert.equal(expandVariables('%unknown%\\%windir%'), '%unknown%\\C:\\Windows');
  assert.equal(parseWindowsPath('%windir%/System32/').text, 'C:\\Windows\\System32');
  for (const path of ['C:\\a:stream', 'C:\\a?', 'C:\\a\u0000b', 'C:\\...\\x', 'C:\\a"b']) {
    assert.throws(() => parseWindowsPath(path), { status: 123 }, path);
  }
});

function isPlainName(segment: string): boolean {
  return !['', '.', '..'].includes(segment) && !['/', '\\', ':', '\u0000'].some((part) => segment.includes(part));
}

test('property: no Windows path leaves its drive or share', () => {
  const part = fc.constantFrom(
    '..',
    '.',
    'a',
    '\\',
    '/',
    'C:',
    '\\\\',
    '%SystemDrive%',
    '?',
    'UNC',
    ' ',
    'web.config',
    '%',
    '\u0000',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      try {
        const { segments } = parseWindowsPath(parts.join(''));
        assert.ok(segments.length > 0);
        for (const segment of segments) assert.ok(isPlainName(segment), segment);
      } catch (error) {
        assert.ok(error instanceof WindowsError);
      }
    }),
    { numRuns: 3000 },
  );
});

test('property: no URL path leaves the folder of its site', () => {
  const part = fc.constantFrom('..', '.', '/', '%2e', '%2f', '%5c', '\\', 'a', '%00', '%', '%ff', ':', '%2525');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const segments = decodePath(`/${parts.join('')}`);
      for (const segment of segments ?? []) assert.ok(isPlainName(segment), segment);
    }),
    { numRuns: 3000 },
  );
});

test('appcmd arguments: bindings hold colons, quotes and brackets', () => {
  assert.deepEqual(
    parseAppcmdArguments([
      'SET',
      'Sites',
      'My Site',
      "/bindings.[protocol='https',bindingInformation='[::1]:443:www.example.com'].sslFlags:1",
      '-section:system.applicationHost/sites',
      '/xml',
    ]),
    {
      verb: 'set',
      object: 'site',
      identifier: 'My Site',
      parameters: [
        { name: "bindings.[protocol='https',bindingInformation='[::1]:443:www.example.com'].sslFlags", value: '1' },
        { name: 'section', value: 'system.applicationHost/sites' },
        { name: 'xml', value: null },
      ],
    },
  );
  assert.equal(parseAppcmdArguments(['list']), null);
  assert.equal(parseAppcmdArguments(['list', 'site', 'a', 'b']), null);
  const path = parseConfigurationPath("+bindings.[protocol='http', bindingInformation='*:80:']");
  assert.deepEqual(path?.steps[1], { kind: 'element', keys: { protocol: 'http', bindingInformation: '*:80:' } });
  for (const text of ['', '+', '[name=x]', "[name='x'", 'a.', 'a..b', "a[name='x']", 'a b']) {
    assert.equal(parseConfigurationPath(text), null, text);
  }
});

test('property: appcmd arguments of any kind are read or refused', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('/', '-', '+', '[', ']', "'", '=', ':', '.', ',', 'a', ' ') }), {
        maxLength: 5,
      }),
      (args) => {
        const command = parseAppcmdArguments(['set', 'site', ...args]);
        for (const { name } of command?.parameters ?? []) parseConfigurationPath(name);
      },
    ),
  );
});

test('URL prefixes are taken in their canonical form only', () => {
  const answer = async (): Promise<null> => null;
  assert.deepEqual(parsePrefix('http://+:80/.Well-Known/', answer), {
    scheme: 'http',
    host: '+',
    port: 80,
    path: '/.well-known/',
    answer,
  });
  assert.equal(parsePrefix('https://shop.test:443/', answer).path, '/');
  for (const prefix of [
    'http://+:0/',
    'http://+:65536/',
    'http://+:80',
    'http://+/x/',
    'http://+:80/x',
    'http://+:80/x?/',
  ]) {
    assert.throws(() => parsePrefix(prefix, answer), { status: 87 }, prefix);
  }
});

test('addresses move to loopback, the same way each time and each to its own', () => {
  const placement = createPlacement(true);
  const at = (address: string): string => placement.loopbackFor(address).address;
  assert.equal(at('*'), '127.0.0.1');
  assert.equal(at('127.0.0.1'), '127.0.0.1');
  assert.equal(at('127.0.0.10'), '127.0.0.10');
  assert.equal(at('192.0.2.20'), '127.1.2.20');
  assert.equal(at('10.0.2.20'), '127.2.2.20');
  assert.equal(at('192.0.2.20'), '127.1.2.20');
  assert.equal(at('2001:db8::1'), '::1');
  assert.equal(at('::'), '::1');
  const old = createPlacement(false);
  assert.match(old.loopbackFor('2001:db8::1').address, /^127\.250\./);
  assert.notEqual(old.loopbackFor('2001:db8::1').address, old.loopbackFor('2001:db8::2').address);
});

test('property: different addresses get different places, loopback its own', () => {
  const octet = fc.nat(255);
  const address = fc
    .tuple(fc.constantFrom(10, 127, 172, 192), fc.nat(3), fc.nat(3), octet)
    .map((parts) => parts.join('.'));
  fc.assert(
    fc.property(fc.uniqueArray(address, { maxLength: 40 }), (addresses) => {
      const placement = createPlacement(true);
      const places = new Map(addresses.map((one) => [one, placement.loopbackFor(one).address]));
      const moved = [...places].filter(([one]) => !one.startsWith('127.')).map(([, place]) => place);
      for (const [one, place] of places) {
        if (one.startsWith('127.')) assert.equal(place, one);
        assert.equal(placement.loopbackFor(one).address, place);
        assert.match(place, /^127\./);
      }
      assert.equal(new Set(moved).size, moved.length);
    }),
  );
});
