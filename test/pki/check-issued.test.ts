import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EverbindError, meaningOf } from '../../src/errors/error.ts';
import { sequence } from '../../src/pki/asn1/der-writer.ts';
import { checkIssued, type IssuedCheck } from '../../src/pki/check-issued.ts';
import type { Certificate } from '../../src/pki/x509/certificate.ts';
import { parseIdentifier } from '../../src/pki/x509/names.ts';
import { makeIntermediate, makeLeafDer, makeRoot, without } from './support/make-chain.ts';
import {
  attribute,
  basicConstraints,
  CLIENT_AUTH,
  dns,
  email,
  extendedKeyUsage,
  ip,
  keyUsage,
  makeKey,
  name,
  nameConstraints,
  san,
  SERVER_AUTH,
} from './support/make-certificate.ts';

const now = Date.UTC(2026, 10, 23);
const root = makeRoot();
const upper = makeIntermediate(root, 'Upper');
const issuer = makeIntermediate(upper, 'Issuer');
const key = makeKey();
const roots = [makeRoot('Unrelated').certificate.der, root.certificate.der];

type Leaf = Parameters<typeof makeLeafDer>[1];

/** A subject with several common names. */
const subjectOf = (...names: readonly string[]): Uint8Array =>
  sequence(...names.map((value) => attribute('2.5.4.3', value)));

function issued(leaf: Leaf = {}, check: Partial<IssuedCheck> = {}): IssuedCheck {
  const validity = { notBefore: '261122000000', notAfter: '270220000000' };
  return {
    chain: [makeLeafDer(issuer, { key, ...validity, ...leaf }), issuer.certificate.der, upper.certificate.der],
    publicKey: key.spki,
    identifiers: [parseIdentifier('shop.example')],
    now,
    clockLead: null,
    roots,
    ...check,
  };
}

function refuses(code: string, check: IssuedCheck, reason?: string): EverbindError {
  try {
    checkIssued(check);
  } catch (error) {
    assert(error instanceof EverbindError, String(error));
    assert.equal(error.code, code, error.message);
    if (reason !== undefined) assert.equal(error.details['reason'], reason, error.message);
    return error;
  }
  assert.fail('the certificate was accepted');
}

test('what was ordered', () => {
  const result = checkIssued(issued());
  assert.equal(result.chain.length, 3);
  assert.equal(result.leaf, result.chain[0]);
  assert.equal(result.thumbprint, result.leaf.thumbprint);
  assert.equal(result.notAfter, Date.UTC(2027, 1, 20));
  assert.equal(result.root.fingerprint, root.certificate.fingerprint);
});

test('the root may be sent as well', () => {
  const check = issued();
  checkIssued({ ...check, chain: [...check.chain, root.certificate.der] });
});

test('names in any order and case, addresses too', () => {
  const identifiers = ['www.bücher.example', 'shop.example', '2001:db8::1', '*.shop.example'].map(parseIdentifier);
  const names = [
    ip('2001:db8::1'),
    dns('Shop.Example'),
    dns('*.shop.example'),
    dns('www.xn--bcher-kva.example'),
    dns('shop.example'),
  ];
  checkIssued(issued({ extensions: [san(...names)] }, { identifiers }));
});

test('the wrong key', () => {
  refuses('PKI_ISSUED_KEY_MISMATCH', issued({ key: makeKey() }));
  refuses('PKI_ISSUED_KEY_MISMATCH', issued({}, { publicKey: makeKey().spki }));
});

test("someone else's names", () => {
  const error = refuses(
    'PKI_ISSUED_NAMES_MISMATCH',
    issued({ subject: name('evil.example'), extensions: [san(dns('evil.example'))] }),
  );
  assert.deepEqual(error.details['missing'], ['dns:shop.example']);
  assert.deepEqual(error.details['extra'], ['dns:evil.example', 'common name evil.example']);
});

test('a missing name', () => {
  const identifiers = ['shop.example', 'www.shop.example'].map(parseIdentifier);
  const error = refuses('PKI_ISSUED_NAMES_MISMATCH', issued({}, { identifiers }));
  assert.deepEqual(error.details['missing'], ['dns:www.shop.example']);
  refuses('PKI_ISSUED_NAMES_MISMATCH', issued({ extensions: [without('2.5.29.17')] }));
});

test('an extra name, of whatever form', () => {
  for (const extra of [
    dns('www.shop.example'),
    dns('*.shop.example'),
    ip('192.0.2.1'),
    email('a@shop.example'),
    dns('in valid'),
    dns('a_b.example'),
    ip('192.0.2.1/255.255.255.0'),
  ]) {
    refuses('PKI_ISSUED_NAMES_MISMATCH', issued({ extensions: [san(dns('shop.example'), extra)] }));
  }
  refuses('PKI_ISSUED_NAMES_MISMATCH', issued({ subject: name('other.example') }));
  refuses('PKI_ISSUED_NAMES_MISMATCH', issued({ subject: name('192.0.2.1') }));
  refuses('PKI_ISSUED_NAMES_MISMATCH', issued({ subject: name('2001:DB8::1') }));
  for (const subject of [subjectOf('bank.example', 'shop.example'), subjectOf('shop.example', 'bank.example')]) {
    refuses('PKI_ISSUED_NAMES_MISMATCH', issued({ subject }));
  }
  checkIssued(issued({ subject: subjectOf('Order 66', 'shop.example') }));
  checkIssued(issued({ subject: name('Order 66') }));
  checkIssued(issued({ subject: name('') }));
});

test('a name that only looks alike', () => {
  refuses(
    'PKI_ISSUED_NAMES_MISMATCH',
    issued({ subject: name(''), extensions: [san(dns('shop.example\u0000.evil.example'))] }),
  );
  refuses(
    'PKI_ISSUED_NAMES_MISMATCH',
    issued({ subject: name(''), extensions: [san(dns('192.0.2.1'))] }, { identifiers: [parseIdentifier('192.0.2.1')] }),
  );
});

test('expired, not valid yet, valid for too long', () => {
  refuses('PKI_ISSUED_VALIDITY', issued({ notAfter: '261122235959' }));
  refuses('PKI_ISSUED_VALIDITY', issued({ notBefore: '261123001000' }));
  refuses('PKI_ISSUED_VALIDITY', issued({ notBefore: '261122000000', notAfter: '20380101000000' }));
  refuses('PKI_ISSUED_VALIDITY', issued({ notBefore: '270101000000', notAfter: '261201000000' }));
  refuses('PKI_ISSUED_VALIDITY', issued({}, { requestedNotAfter: Date.UTC(2027, 1, 1) }));
  checkIssued(issued({}, { requestedNotAfter: Date.UTC(2027, 1, 20) }));
});

test('a clock that is a little behind does not matter', () => {
  checkIssued(issued({ notBefore: '261123000300' }));
});

test('the clock of the CA tells whether ours is wrong, and what is worth another look', () => {
  const hour = 3_600_000;
  const meaning = (error: EverbindError): unknown => [meaningOf(error).resume, error.facts.retryWithinMs ?? null];
  // Two hours behind; five minutes are tolerated.
  const early = { notBefore: '261123020000' };
  const soon = 2 * hour - 5 * 60_000;
  const behind = refuses('PKI_CLOCK_WRONG', issued(early, { clockLead: 2 * hour + 1000 }));
  assert.match(behind.message, /clock of this machine is 2 hours behind the CA's/);
  assert.deepEqual(meaning(behind), ['recheck', soon]);
  // Nobody knows, or the CA issued for later: it becomes valid all the same.
  assert.deepEqual(meaning(refuses('PKI_ISSUED_VALIDITY', issued(early))), ['recheck', soon]);
  assert.deepEqual(meaning(refuses('PKI_ISSUED_VALIDITY', issued(early, { clockLead: 0 }))), ['recheck', soon]);
  const expired = { notAfter: '261122235959' };
  const ahead = refuses('PKI_CLOCK_WRONG', issued(expired, { clockLead: -12 * hour }));
  assert.deepEqual(meaning(ahead), ['recheck', null]);
  assert.deepEqual(meaning(refuses('PKI_ISSUED_VALIDITY', issued(expired))), ['recheck', null]);
  assert.deepEqual(meaning(refuses('PKI_ISSUED_VALIDITY', issued(expired, { clockLead: 0 }))), ['restart', null]);
  // No clock makes these good.
  const long = issued({ notBefore: '261123020000', notAfter: '20380101000000' }, { clockLead: 2 * hour });
  assert.deepEqual(meaning(refuses('PKI_ISSUED_VALIDITY', long)), ['restart', null]);
});

test('what lies here is worth another look, what the CA did is not', () => {
  const resume = (check: IssuedCheck): string => meaningOf(refuses('PKI_CHAIN_INVALID', check)).resume;
  const { chain, ...rest } = issued();
  const [leaf = new Uint8Array()] = chain;
  assert.equal(resume({ ...rest, chain, roots: [] }), 'recheck');
  assert.equal(resume({ ...rest, chain: [leaf] }), 'recheck');
  // Roots of this machine: of the same name with another key, out of date, too weak.
  const namesake = { subject: root.certificate.subjectDer, extensions: [without('2.5.29.14')] };
  for (const local of [
    makeRoot('', namesake),
    makeRoot('', { ...namesake, key: root.key, notAfter: '260101000000' }),
    makeRoot('', { ...namesake, key: root.key, extensions: [nameConstraints([dns('other.example')])] }),
  ]) {
    assert.equal(resume({ ...rest, chain, roots: [local.certificate.der] }), 'recheck');
  }
  const impostor = { ...issuer, key: { ...makeKey(), id: issuer.key.id } };
  const validity = { notBefore: '261122000000', notAfter: '270220000000' };
  const forged = makeLeafDer(impostor, { key, ...validity });
  assert.equal(resume({ ...rest, chain: [forged, ...chain.slice(1)] }), 'restart');
});

test('not usable for a server', () => {
  refuses('PKI_ISSUED_KEY_USAGE', issued({ extensions: [extendedKeyUsage(CLIENT_AUTH)] }));
  refuses('PKI_ISSUED_KEY_USAGE', issued({ extensions: [keyUsage(2)] }));
  refuses('PKI_ISSUED_KEY_USAGE', issued({ extensions: [keyUsage(0, 5)] }));
  refuses('PKI_ISSUED_KEY_USAGE', issued({ extensions: [basicConstraints()] }));
  checkIssued(issued({ extensions: [extendedKeyUsage(CLIENT_AUTH, SERVER_AUTH)] }));
  checkIssued(issued({ extensions: [without('2.5.29.37'), without('2.5.29.15')] }));
});

test('a broken chain', () => {
  const { chain, ...rest } = issued();
  const [leaf = new Uint8Array(), first = new Uint8Array(), second = new Uint8Array()] = chain;
  refuses('PKI_CHAIN_INVALID', { ...rest, chain: [leaf] }, 'no-issuer');
  refuses('PKI_CHAIN_INVALID', { ...rest, chain: [leaf, second] }, 'no-issuer');
  refuses('PKI_CHAIN_INVALID', { ...rest, chain: [leaf, first, first] }, 'no-issuer');
  refuses('PKI_ISSUED_KEY_MISMATCH', { ...rest, chain: [first, second] });
  refuses('PKI_CERTIFICATE_INVALID', { ...rest, chain: [] });
  refuses('PKI_CERTIFICATE_INVALID', { ...rest, chain: [Uint8Array.of(1, 2, 3)] });
  refuses('PKI_CHAIN_INVALID', { ...rest, chain: [leaf, Uint8Array.of(1, 2, 3)] }, 'no-issuer');
  refuses('PKI_CERTIFICATE_INVALID', { ...rest, chain: Array<Uint8Array>(17).fill(leaf) });
});

const fingerprints = (chain: readonly Certificate[]): readonly string[] => chain.map(({ fingerprint }) => fingerprint);

test('a good certificate in whatever company: the path is kept, and nothing beside it', () => {
  const { chain, ...rest } = issued();
  const [leaf = new Uint8Array(), first = new Uint8Array(), second = new Uint8Array()] = chain;
  const kept = fingerprints(checkIssued({ ...rest, chain }).chain);
  assert.equal(kept.length, 3);
  const nobody = Array.from({ length: 10 }, (_, index) => makeIntermediate(makeRoot(`R${index}`), `I${index}`));
  const same = makeIntermediate(makeRoot('Of nobody'), 'Issuer');
  for (const company of [
    [leaf, second, first],
    [first, leaf, second],
    [leaf, leaf, first, second],
    [leaf, root.certificate.der, first, second],
    [leaf, Uint8Array.of(1, 2, 3), first, second],
    [leaf, same.certificate.der, first, second],
    [leaf, ...nobody.map(({ certificate }) => certificate.der), first, second],
  ]) {
    assert.deepEqual(fingerprints(checkIssued({ ...rest, chain: company }).chain), kept);
  }
});

test('a root that was sent certified by another one is kept where that one is trusted', () => {
  const other = makeRoot('Older root');
  const cross = makeIntermediate(other, '', { subject: root.certificate.subjectDer, key: root.key });
  const { chain, ...rest } = issued();
  const sent = [...chain, cross.certificate.der];
  const both = checkIssued({ ...rest, chain: sent, roots: [root.certificate.der, other.certificate.der] });
  assert.equal(both.root.fingerprint, root.certificate.fingerprint);
  assert.deepEqual(fingerprints(both.chain).slice(3), [cross.certificate.fingerprint]);
  assert.equal(checkIssued({ ...rest, chain: sent }).chain.length, 3);
});

test('above a trust anchor that is no root, what certifies it is kept', () => {
  const { chain, ...rest } = issued({}, { roots: [issuer.certificate.der] });
  const forged = makeIntermediate(root, '', { subject: upper.certificate.subjectDer });
  const expected = fingerprints(checkIssued(issued()).chain).slice(1);
  const result = checkIssued({ ...rest, chain: [...chain, forged.certificate.der, root.certificate.der] });
  assert.deepEqual(fingerprints(result.chain).slice(1), expected);
});

test('a forged signature', () => {
  const impostor = { ...issuer, key: { ...makeKey(), id: issuer.key.id } };
  const leaf = makeLeafDer(impostor, { key, notBefore: '261122000000', notAfter: '270220000000' });
  refuses(
    'PKI_CHAIN_INVALID',
    issued({}, { chain: [leaf, issuer.certificate.der, upper.certificate.der] }),
    'bad-signature',
  );
});

test('an untrusted root, sent or not', () => {
  const { chain, ...rest } = issued({}, { roots: [makeRoot('Unrelated').certificate.der] });
  refuses('PKI_CHAIN_INVALID', { ...rest, chain }, 'no-issuer');
  refuses('PKI_CHAIN_INVALID', { ...rest, chain: [...chain, root.certificate.der] }, 'untrusted-root');
});

test('an expired intermediate, and one that may not certify this name', () => {
  const validity = { notBefore: '261122000000', notAfter: '270220000000' };
  const expired = makeIntermediate(root, 'Expired', { notAfter: '260101000000' });
  refuses(
    'PKI_CHAIN_INVALID',
    issued({}, { chain: [makeLeafDer(expired, { key, ...validity }), expired.certificate.der] }),
    'expired',
  );
  const bound = makeIntermediate(root, 'Bound', { extensions: [nameConstraints([dns('other.example')])] });
  refuses(
    'PKI_CHAIN_INVALID',
    issued({}, { chain: [makeLeafDer(bound, { key, ...validity }), bound.certificate.der] }),
    'name-constraints',
  );
});

test('roots that do not parse vouch for nobody and stop nobody', () => {
  checkIssued(issued({}, { roots: [Uint8Array.of(0), root.certificate.der] }));
});

test('the odd form of a private root is no obstacle', () => {
  const odd = makeRoot('Odd', { extensions: [basicConstraints(undefined, false), without('2.5.29.14')], serial: [0] });
  const leaf = makeLeafDer(odd, {
    key,
    notBefore: '261122000000',
    notAfter: '270220000000',
    extensions: [without('2.5.29.35')],
  });
  checkIssued(issued({}, { chain: [leaf], roots: [odd.certificate.der] }));
});
