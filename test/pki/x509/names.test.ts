import assert from 'node:assert/strict';
import { isIP, isIPv4 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { EverbindError } from '../../../src/errors/error.ts';
import { formatIp, parseIp } from '../../../src/pki/x509/ip-address.ts';
import {
  canonicalHost,
  dnsNameProblem,
  hostToUnicode,
  identifierKey,
  matchesHost,
  parseIdentifier,
} from '../../../src/pki/x509/names.ts';

const accepted: readonly (readonly [string, string])[] = [
  ['shop.example', 'dns:shop.example'],
  ['Shop.EXAMPLE.', 'dns:shop.example'],
  ['*.shop.example', 'dns:*.shop.example'],
  ['bücher.example', 'dns:xn--bcher-kva.example'],
  ['*.BÜCHER.example', 'dns:*.xn--bcher-kva.example'],
  ['XN--BCHER-KVA.example', 'dns:xn--bcher-kva.example'],
  ['faß.example', 'dns:xn--fa-hia.example'],
  ['shop。example', 'dns:shop.example'],
  ['localhost', 'dns:localhost'],
  ['1.example', 'dns:1.example'],
  ['a--b.example', 'dns:a--b.example'],
  ['192.0.2.7', 'ip:192.0.2.7'],
  ['2001:DB8:0:0:1:0:0:1', 'ip:2001:db8::1:0:0:1'],
  ['::', 'ip:::'],
  ['::ffff:1.2.3.4', 'ip:::ffff:102:304'],
];

for (const [text, key] of accepted) {
  test(`the identifier ${text}`, () => assert.equal(identifierKey(parseIdentifier(text)), key));
}

const refused = [
  '',
  '.',
  '*',
  '*.',
  'a..b',
  '.a.b',
  'a.b..',
  '-a.example',
  'a-.example',
  'a_b.example',
  'a b.example',
  'shop.example/x',
  'shop.example:443',
  'user@shop.example',
  'a%41.example',
  '1.2.3.256',
  '01.2.3.4',
  '0x7f.1',
  '１.2.3.4',
  '*.1.2.3.4',
  '*.*.example',
  'a.*.example',
  'b*.example',
  'xn--a.example',
  'xn--.example',
  'fe80::1%eth0',
  '[::1]',
  '::1::',
  `${'a'.repeat(64)}.example`,
  `${'a.'.repeat(126)}ab`,
  'a\u0000.example',
  '\u202eelpmaxe',
];

for (const text of refused) {
  test(`no identifier: ${JSON.stringify(text).slice(0, 40)}`, () => {
    assert.throws(
      () => parseIdentifier(text),
      (error) => error instanceof EverbindError && error.code === 'PKI_NAME_INVALID',
    );
  });
}

test('a name that parses is canonical: it parses to itself and survives the way to Unicode and back', () => {
  const label = fc.oneof(
    fc.stringMatching(/^[a-z0-9-]{1,12}$/),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
  );
  const name = fc.tuple(fc.boolean(), fc.array(label, { minLength: 1, maxLength: 4 }));
  fc.assert(
    fc.property(name, ([wildcard, labels]) => {
      const text = `${wildcard ? '*.' : ''}${labels.join('.')}`;
      let parsed;
      try {
        parsed = parseIdentifier(text);
      } catch (error) {
        assert(error instanceof EverbindError && error.code === 'PKI_NAME_INVALID');
        return;
      }
      assert.deepEqual(parseIdentifier(parsed.value), parsed);
      assert.equal(canonicalHost(parsed.value), parsed.value);
      assert.equal(canonicalHost(hostToUnicode(parsed.value)), parsed.value);
      if (parsed.type === 'dns') assert.equal(dnsNameProblem(parsed.value), null);
    }),
    { numRuns: 3000 },
  );
});

test('any text is canonicalised without an error, and only once', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      const once = canonicalHost(text);
      assert.equal(canonicalHost(once), once);
    }),
    { numRuns: 3000 },
  );
});

const hosts: readonly (readonly [string, string])[] = [
  ['Shop.Example', 'shop.example'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['*.Bücher.example', '*.xn--bcher-kva.example'],
  ['intern_1.example', 'intern_1.example'],
  ['[2001:DB8::1]', '2001:db8::1'],
  ['2001:DB8::1', '2001:db8::1'],
  ['192.0.2.1', '192.0.2.1'],
  ['', ''],
  ['A B', 'a b'],
];

for (const [text, canonical] of hosts) {
  test(`the host ${JSON.stringify(text)}`, () => assert.equal(canonicalHost(text), canonical));
}

const matches: readonly (readonly [string, string, boolean])[] = [
  ['shop.example', 'SHOP.example.', true],
  ['shop.example', 'www.shop.example', false],
  ['*.shop.example', 'www.shop.example', true],
  ['*.shop.example', 'a.www.shop.example', false],
  ['*.shop.example', 'shop.example', false],
  ['*.shop.example', '.shop.example', false],
  ['*.shop.example', '*.shop.example', false],
  ['*.bücher.example', 'www.BÜCHER.example', true],
  ['192.0.2.7', '192.0.2.7', true],
  ['192.0.2.7', '192.0.2.8', false],
  ['2001:db8::1', '[2001:db8:0::1]', true],
  ['*.2.7', '192.0.2.7', false],
];

for (const [name, host, expected] of matches) {
  test(`${name} ${expected ? 'covers' : 'does not cover'} ${host}`, () => {
    const identifier = name === '*.2.7' ? ({ type: 'dns', value: name } as const) : parseIdentifier(name);
    assert.equal(matchesHost(identifier, host), expected);
  });
}

test('addresses survive the way to text and back, and their text is the one of RFC 5952', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), sparseIpv6()), (octets) => {
      const text = formatIp(octets);
      assert.deepEqual(parseIp(text), octets);
      assert.equal(isIP(text), octets.length === 4 ? 4 : 6);
      // The URL parser has a serialiser of its own for the same form.
      if (octets.length === 16) assert.equal(new URL(`http://[${text}]/`).hostname, `[${text}]`);
    }),
    { numRuns: 2000 },
  );
});

test('whatever is read as an IPv4 address is one to the system as well', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9.x]{1,16}$/), (text) => {
      assert.equal(parseIp(text)?.length === 4, isIPv4(text));
    }),
  );
});

function sparseIpv6(): fc.Arbitrary<Uint8Array> {
  const group = fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  return fc
    .array(group, { minLength: 8, maxLength: 8 })
    .map((groups) => Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 0xff])));
}
