import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dnsAccountName } from '../../../src/acme/jose/key-authorization.ts';

test('the record of dns-account-01 has the label of the draft (its example)', () => {
  const name = dnsAccountName('www.example.org', 'https://example.com/acme/acct/ExampleAccount');
  assert.equal(name, '_ujmmovf2vn55tgye._acme-challenge.www.example.org');
});
