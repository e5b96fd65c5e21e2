import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accountHash,
  issuerDomainsOf,
  judgePersist,
  persistTerms,
  persistValue,
} from '../../../src/acme/messages/dns-persist.ts';

const THUMBPRINT = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
const ACCOUNT = 'https://ca.example/acct/123';
const parties = {
  domain: 'example.com',
  issuerDomains: ['ca.example', 'other.example'],
  accountUrl: ACCOUNT,
  thumbprint: THUMBPRINT,
};
const clear = persistTerms({ ...parties, accountHashPrefix: null });
const hashed = persistTerms({ ...parties, accountHashPrefix: 'https://ca.example/h/' });

test('the hash of an account is that of the draft (vectors of -02)', () => {
  assert.equal(accountHash('example.com', THUMBPRINT, ACCOUNT), '5SQm7n6tPh2-PlLbCKGnViTXX5z19SCN4cPGQHSk-kw');
  assert.equal(accountHash('*', THUMBPRINT, ACCOUNT), 'NpDnSwUthQK8zCgFdefYxAdAVPnygMLbs9US6oO-5ug');
});

test('the record to create is one that grants', () => {
  for (const terms of [clear, hashed]) {
    for (const wildcard of [false, true]) {
      const value = persistValue(terms, wildcard);
      assert.equal(judgePersist([value], terms, { wildcard, now: 0 }), 'granted', value);
      assert.equal(judgePersist([value], terms, { wildcard: true, now: 0 }), wildcard ? 'granted' : 'no-wildcard');
    }
  }
  assert.equal(persistValue(clear, true), 'ca.example; accounturi=https://ca.example/acct/123; policy=wildcard');
});

test('each form of a record comes to what a CA makes of it', () => {
  const account = `accounturi=${ACCOUNT}`;
  const cases: readonly (readonly [verdict: string, ...records: string[]])[] = [
    ['granted', `ca.example;${account}`],
    ['granted', `\tCA.Example. ; ACCOUNTURI = ${ACCOUNT} ; foo = bar; empty=`],
    ['granted', `other.example; ${account}; persistUntil=2`],
    ['granted', 'v=spf1 -all', `third.example; ${account}`, `ca.example; ${account}`],
    ['granted', `ca.example; ${account};`, `ca.example; ${account}`],
    ['expired', `ca.example; ${account}; persistUntil=1`],
    ['other-account', `ca.example; ${account}4`],
    ['other-account', `ca.example; accounturi=HTTPS://ca.example/acct/123`],
    ['malformed', `ca.example; ${account};`],
    ['malformed', `ca.example; ${account}; ${account}`],
    ['malformed', 'ca.example', 'ca.example; policy=wildcard'],
    ['malformed', `ca.example; ${account}; persistUntil=tomorrow`],
    ['malformed', `ca.example; ${account}; no-tag=1`],
    ['malformed', `ca.example; ${account}; a b=1`],
    ['missing', `third.example; ${account}`],
    ['missing', ''],
    ['missing'],
  ];
  for (const [verdict, ...records] of cases) {
    assert.equal(judgePersist(records, clear, { wildcard: false, now: 1_500 }), verdict, records.join(' | '));
  }
  // From -02 on an account in the clear is refused, and one text for all domains taken.
  assert.equal(judgePersist([`ca.example; ${account}`], hashed, { wildcard: false, now: 0 }), 'other-account');
  const free = `ca.example; accounturi=https://ca.example/h/sha-256/${accountHash('*', THUMBPRINT, ACCOUNT)}`;
  assert.equal(judgePersist([free], hashed, { wildcard: false, now: 0 }), 'granted');
});

test('what a CA calls itself has to be a list of canonical names', () => {
  assert.deepEqual(issuerDomainsOf(['ca.example', 'xn--bcher-kva.example']), ['ca.example', 'xn--bcher-kva.example']);
  const wrong = [
    null,
    'ca.example',
    [],
    [1],
    ['CA.example'],
    ['ca.example.'],
    ['a b'],
    ['a;b'],
    ['a"b'],
    ['-a.example'],
  ];
  for (const value of [...wrong, Array.from({ length: 11 }, () => 'ca.example')]) {
    assert.equal(issuerDomainsOf(value), null, JSON.stringify(value));
  }
});
