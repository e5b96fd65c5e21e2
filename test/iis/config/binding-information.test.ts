import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseBindingInformation } from '../../../src/iis/config/binding-information.ts';

const readable: readonly (readonly [protocol: string, text: string, address: string, port: number, host: string])[] = [
  ['https', '*:443:', '*', 443, ''],
  ['https', '*:443:www.example.com', '*', 443, 'www.example.com'],
  ['HTTPS', ':443:localhost', '*', 443, 'localhost'],
  ['https', '0.0.0.0:8443:a.example', '*', 8443, 'a.example'],
  ['https', '10.0.0.5:8443:shop.example', '10.0.0.5', 8443, 'shop.example'],
  ['https', '*::', '*', 443, ''],
  ['http', '*::a.example', '*', 80, 'a.example'],
  ['ftp', '*::', '*', 21, ''],
  ['https', '::', '*', 443, ''],
  ['https', '[::1]:41080:', '::1', 41080, ''],
  ['https', '[2001:DB8:0:0::9]:443:v6.example', '2001:db8::9', 443, 'v6.example'],
  ['https', '[::]:443:', '::', 443, ''],
  ['https', '2001:db8::9:443:a.example', '2001:db8::9', 443, 'a.example'],
  ['https', '[fe80::1%4]:443:', 'fe80::1%4', 443, ''],
  ['https', '*:443:*.shop.example', '*', 443, '*.shop.example'],
  ['http', '*:8080:*', '*', 8080, ''],
  ['https', '*:443:bücher.example', '*', 443, 'bücher.example'],
  ['https', '*:443:my_host', '*', 443, 'my_host'],
  ['http', '*:080:', '*', 80, ''],
];

for (const [protocol, text, address, port, host] of readable) {
  test(`${protocol} ${text}`, () => {
    deepEqual(parseBindingInformation(protocol, text), { kind: 'ip-port-host', address, port, host });
  });
}

const junk: readonly (readonly [text: string, problem: string])[] = [
  ['', 'parts-missing'],
  ['*', 'parts-missing'],
  ['443', 'parts-missing'],
  [':443', 'parts-missing'],
  ['*:443', 'parts-missing'],
  ['localhost:443:', 'address-invalid'],
  ['10.0.0.256:443:', 'address-invalid'],
  ['[10.0.0.5]:443:', 'address-invalid'],
  ['10.0.0.5%1:443:', 'address-invalid'],
  ['[::1:443:', 'address-invalid'],
  [':[PORT]:localhost', 'port-invalid'],
  ['*:0:', 'port-invalid'],
  ['*:65536:', 'port-invalid'],
  ['*:-1:', 'port-invalid'],
  ['*:443 :', 'port-invalid'],
  ['*:443:a b', 'host-invalid'],
  ['*:443:a*.example', 'host-invalid'],
  ['*:443:*.', 'host-invalid'],
  ['*:443:a/b', 'host-invalid'],
  ['*:443:a\u0000b', 'host-invalid'],
  [`*:443:${'a'.repeat(600)}`, 'too-long'],
];

for (const [text, problem] of junk) {
  test(`junk ${JSON.stringify(text.slice(0, 40))} is ${problem}`, () => {
    deepEqual(parseBindingInformation('https', text), { kind: 'unreadable', problem });
  });
}

test('protocols without IP:port:host', () => {
  for (const [protocol, text] of [
    ['net.tcp', '808:*'],
    ['net.pipe', '*'],
    ['msmq.formatname', 'localhost'],
    ['', ''],
    ['__proto__', '*:1:'],
    ['constructor', '*:1:'],
  ] as const) {
    deepEqual(parseBindingInformation(protocol, text), { kind: 'other' });
  }
});

test('property: what is composed is read back, whatever the host', () => {
  const host = fc.constantFrom('', 'a.example', '*.b.example', 'x_y', 'müller.example');
  const address = fc.oneof(fc.constant('*'), fc.ipV4(), fc.ipV6()).filter((text) => text !== '0.0.0.0');
  fc.assert(
    fc.property(address, fc.integer({ min: 1, max: 65535 }), host, (ip, port, name) => {
      const written = ip.includes(':') ? `[${ip}]` : ip;
      const read = parseBindingInformation('https', `${written}:${port}:${name}`);
      equal(read.kind, 'ip-port-host');
      if (read.kind === 'ip-port-host') {
        deepEqual([read.port, read.host], [port, name]);
        // Its own canonical text means the same binding.
        const again = read.address.includes(':') ? `[${read.address}]` : read.address;
        deepEqual(parseBindingInformation('https', `${again}:${port}:${name}`), read);
      }
    }),
  );
});

test('property: never throws', () => {
  fc.assert(
    fc.property(fc.constantFrom('http', 'https', 'ftp', 'net.tcp', '__proto__'), fc.string(), (protocol, text) => {
      parseBindingInformation(protocol, text);
    }),
  );
});
