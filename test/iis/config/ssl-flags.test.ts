import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { hasFlag, parseSslFlags, recordFlagsFor, SSL_FLAG } from '../../../src/iis/config/ssl-flags.ts';

test('sslFlags: absent, decimal, hexadecimal, junk', () => {
  equal(parseSslFlags(undefined), 0);
  equal(parseSslFlags('97'), 97);
  equal(parseSslFlags('0x21'), 33);
  equal(parseSslFlags('4294967295'), 0xffffffff);
  for (const junk of ['', ' 1', '1 ', '-1', '1.5', 'Sni', '4294967296', '1e3', '٣'])
    equal(parseSslFlags(junk), null, junk);
});

test('bits, never equality: 97 is SNI without TLS 1.3 and legacy TLS', () => {
  equal(hasFlag(97, SSL_FLAG.sni), true);
  equal(hasFlag(97, SSL_FLAG.centralStore), false);
  deepEqual(recordFlagsFor(97), { flags: 0x440, unknown: 0 });
});

test('every bit up to 128 has its DefaultFlags', () => {
  deepEqual(recordFlagsFor(255), { flags: 0x10 | 0x80 | 0x20 | 0x40 | 0x400 | 0x2, unknown: 0 });
  deepEqual(recordFlagsFor(3), { flags: 0, unknown: 0 });
});

test('unknown bits are named, the highest too', () => {
  deepEqual(recordFlagsFor(0x80000101), { flags: 0, unknown: 0x80000100 });
});
