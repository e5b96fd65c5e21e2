import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkUrl } from '../../../src/acme/messages/url-policy.ts';
import { coded } from '../support.ts';

const strict = { allowInsecureLoopback: false };
const lenient = { allowInsecureLoopback: true };

test('https is kept as it was written', () => {
  for (const url of ['https://ca.test/dir', 'https://CA.test:8443/a/../b?c=d%20e']) {
    assert.equal(checkUrl(url, 'x', strict), url);
  }
});

test('plain http: loopback alone, and only when allowed', () => {
  for (const url of ['http://127.0.0.1:14000/dir', 'http://127.1/dir', 'http://[::1]/dir', 'http://localhost/dir']) {
    assert.throws(() => checkUrl(url, 'x', strict), coded('ACME_INSECURE_URL'), url);
    assert.equal(checkUrl(url, 'x', lenient), url);
  }
  for (const url of [
    'http://ca.test/',
    'http://127.0.0.1.ca.test/',
    'http://localhost.ca.test/',
    'http://0.0.0.0/',
    'http://[::ffff:7f00:1]/',
    'http://127.0.0.1@ca.test/',
  ]) {
    assert.throws(() => checkUrl(url, 'x', lenient), coded('ACME_INSECURE_URL'), url);
  }
});

test('other schemes, credentials, fragments, white space and oversize are refused', () => {
  for (const url of [
    '',
    '/dir',
    'ftp://ca.test/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://user@ca.test/',
    'https://:pw@ca.test/',
    'https://ca.test/#x',
    'https://ca.test/#',
    ' https://ca.test/',
    'https://ca.test/\n',
    'https://ca.tést/',
    `https://ca.test/${'a'.repeat(2048)}`,
    'https://',
  ]) {
    assert.throws(() => checkUrl(url, 'x', lenient), coded('ACME_INSECURE_URL'), url);
  }
});

test('a CA names its own hosts alone, with their ports', () => {
  const bound = { ...strict, hosts: new Set(['ca.test', 'api.ca.test:8443']) };
  for (const url of ['https://ca.test/x', 'https://CA.test:443/x', 'https://api.ca.test:8443/x']) {
    assert.equal(checkUrl(url, 'x', bound), url);
  }
  for (const url of [
    'https://other.test/x',
    'https://ca.test:8443/x',
    'https://ca.test.other.test/',
    'https://ca.test./',
  ]) {
    assert.throws(() => checkUrl(url, 'x', bound), coded('ACME_FOREIGN_URL'), url);
  }
  assert.throws(() => checkUrl('http://other.test/x', 'x', bound), coded('ACME_INSECURE_URL'));
});

test('the error does not repeat the address, which may hold credentials', () => {
  assert.throws(
    () => checkUrl('https://user:secret@ca.test/', 'setting', strict),
    (error: Error) => !JSON.stringify([error.message, error]).includes('secret'),
  );
});

test('property: what passes goes to an https host', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary-ascii' }),
        fc.webUrl({ withFragments: true, validSchemes: ['http', 'https'] }),
      ),
      (url) => {
        try {
          assert.equal(new URL(checkUrl(url, 'x', strict)).protocol, 'https:');
        } catch (error) {
          coded('ACME_INSECURE_URL')(error);
        }
      },
    ),
  );
});
