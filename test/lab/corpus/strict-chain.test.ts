import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findStrictPath, type StrictProfile, type StrictRequest } from '../../../lab/corpus/pki/strict-chain.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import { der, nothing } from '../../../src/pki/asn1/der-writer.ts';
import { findPath } from '../../../src/pki/path/chain.ts';
import type { ChainReason } from '../../../src/pki/path/chain-problem.ts';
import { serverPathRules } from '../../../src/pki/path/path-rules.ts';
import { type Certificate, parseCertificate } from '../../../src/pki/x509/certificate.ts';
import { parseIdentifier } from '../../../src/pki/x509/names.ts';
import {
  authorityKeyId,
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
  subjectKeyId,
} from '../../pki/support/make-certificate.ts';
import { makeIntermediate, makeLeaf, makeRoot, type TestAuthority, without } from '../../pki/support/make-chain.ts';

const now = Date.UTC(2026, 10, 23);
const root = makeRoot();
const intermediate = makeIntermediate(root);
const profiles: readonly StrictProfile[] = ['rfc5280', 'webpki'];

type Parts = Partial<StrictRequest> & { readonly leaf: Certificate };

function validate(parts: Parts): readonly Certificate[] {
  return findStrictPath({
    intermediates: [intermediate.certificate],
    roots: [root.certificate],
    time: now,
    identifier: parseIdentifier('shop.example'),
    ...parts,
  });
}

function refuses(reason: ChainReason, parts: Parts): void {
  assert.throws(
    () => validate(parts),
    (error) => {
      assert(error instanceof EverbindError, String(error));
      assert.equal(error.code, 'PKI_CHAIN_INVALID');
      assert.equal(error.details['reason'], reason, error.message);
      return true;
    },
  );
}

/** Refused by the strict profiles for its form; the product, for which only the path counts, lets it through. */
function strictOnly(parts: Parts, refusing: readonly StrictProfile[] = profiles): void {
  const { leaf, intermediates = [intermediate.certificate], roots = [root.certificate] } = parts;
  findPath({ leaf, intermediates, roots }, serverPathRules(now));
  for (const profile of profiles) {
    if (refusing.includes(profile)) refuses('profile', { ...parts, profile });
    else validate({ ...parts, profile });
  }
}

test('a chain that breaks no rule is valid in every profile', () => {
  const leaf = makeLeaf(intermediate);
  for (const profile of profiles) {
    assert.deepEqual(validate({ leaf, profile }), [leaf, intermediate.certificate, root.certificate]);
  }
});

for (const kind of ['P-256', 'P-384', 'P-521', 'rsa-2048', 'ed25519', 'ml-dsa-44'] as const) {
  test(`an issuer with a ${kind} key`, () => {
    const issuer = makeIntermediate(root, 'Other', { key: makeKey(kind) });
    const parts = { leaf: makeLeaf(issuer), intermediates: [issuer.certificate] };
    validate({ ...parts, profile: 'rfc5280' });
    if (kind === 'ed25519' || kind === 'ml-dsa-44') refuses('weak-key', parts);
    else validate(parts);
  });
}

test('what the product asks of a path holds in the strict profiles too', () => {
  const leaf = makeLeaf(intermediate);
  const expired = makeIntermediate(root, 'Old', { notBefore: '200101000000', notAfter: '210101000000' });
  const forger = { ...intermediate, key: { ...makeKey(), id: intermediate.key.id } };
  const weak = makeIntermediate(root, 'Weak', { key: makeKey('rsa-1024') });
  const zero = makeIntermediate(root, 'Zero', { extensions: [basicConstraints(0)] });
  const below = makeIntermediate(zero, 'Below');
  const bound = makeIntermediate(root, 'Bound', { extensions: [nameConstraints([dns('other.example')])] });
  const stranger = makeRoot('Stranger');
  for (const profile of profiles) {
    refuses('not-yet-valid', { leaf, profile, time: Date.UTC(2019, 0, 1) });
    refuses('expired', { leaf: makeLeaf(expired), profile, intermediates: [expired.certificate] });
    refuses('no-issuer', { leaf, profile, roots: [stranger.certificate] });
    refuses('untrusted-root', { leaf: makeLeaf(stranger), profile, intermediates: [stranger.certificate] });
    refuses('bad-signature', { leaf: makeLeaf(forger), profile });
    refuses('weak-key', { leaf: makeLeaf(weak), profile, intermediates: [weak.certificate] });
    refuses('path-length', {
      leaf: makeLeaf(below),
      profile,
      intermediates: [below.certificate, zero.certificate],
    });
    refuses('name-constraints', { leaf: makeLeaf(bound), profile, intermediates: [bound.certificate] });
  }
});

test('names', () => {
  refuses('name-mismatch', { leaf: makeLeaf(intermediate), identifier: parseIdentifier('other.example') });
  refuses('name-mismatch', { leaf: makeLeaf(intermediate), identifier: parseIdentifier('192.0.2.1') });
  refuses('name-mismatch', {
    leaf: makeLeaf(intermediate, { extensions: [without('2.5.29.17')] }),
    profile: 'rfc5280',
  });
  // A wildcard for a whole top-level domain.
  const wildcard = makeLeaf(intermediate, { subject: name('*.example'), extensions: [san(dns('*.example'))] });
  strictOnly({ leaf: wildcard }, ['webpki']);
});

test('extended key usage', () => {
  validate({
    leaf: makeLeaf(intermediate, { extensions: [extendedKeyUsage(CLIENT_AUTH)] }),
    purpose: CLIENT_AUTH,
    profile: 'rfc5280',
  });
  refuses('extended-key-usage', { leaf: makeLeaf(intermediate), purpose: CLIENT_AUTH, profile: 'rfc5280' });
  strictOnly({ leaf: makeLeaf(intermediate, { extensions: [without('2.5.29.37')] }) }, ['webpki']);
  strictOnly({ leaf: makeLeaf(intermediate, { extensions: [extendedKeyUsage('2.5.29.37.0')] }) }, ['webpki']);
});

test('a key usage that is asked for', () => {
  refuses('key-usage', { leaf: makeLeaf(intermediate), keyUsage: ['keyEncipherment'] });
  validate({ leaf: makeLeaf(intermediate), keyUsage: ['digitalSignature'] });
  validate({ leaf: makeLeaf(intermediate, { extensions: [without('2.5.29.15')] }), keyUsage: ['digitalSignature'] });
});

test('a depth that is asked for', () => {
  const floors: TestAuthority[] = [];
  for (let floor = 0; floor < 9; floor += 1) {
    floors.push(makeIntermediate(floors.at(-1) ?? root, `Floor ${floor}`));
  }
  const parts = { leaf: makeLeaf(floors.at(-1) ?? root), intermediates: floors.map((ca) => ca.certificate) };
  refuses('limit', parts);
  validate({ ...parts, maxDepth: 9 });
  validate({ leaf: makeLeaf(root), intermediates: [], maxDepth: 0 });
  refuses('limit', { leaf: makeLeaf(intermediate), maxDepth: 0 });
});

test('the form of certificates', () => {
  const leaf = (extensions: Parameters<typeof makeLeaf>[1]): Parts => ({ leaf: makeLeaf(intermediate, extensions) });
  strictOnly(leaf({ extensions: [without('2.5.29.35')] }));
  strictOnly(leaf({ extensions: [{ ...authorityKeyId(intermediate.key), critical: true }] }));
  strictOnly(leaf({ serial: [0] }));
  strictOnly(leaf({ serial: [0x80] }));
  strictOnly(leaf({ serial: Array<number>(21).fill(1) }));
  strictOnly(leaf({ notAfter: '20400101000000' }));
  strictOnly(leaf({ subject: name('') }));
  strictOnly(leaf({ extensions: [nameConstraints([dns('example')])] }));
  strictOnly(leaf({ extensions: [keyUsage(0, 5)] }));
  strictOnly(leaf({ extensions: [san(dns('shop.example'), dns('in_ner.example'))] }));
  strictOnly(leaf({ extensions: [san(dns('shop.example'), dns('192.0.2.1'))] }));
  strictOnly(leaf({ extensions: [san(dns('shop.example'), dns('a.*.example'))] }));
  strictOnly(leaf({ extensions: [san(dns('shop.example'), ip('192.0.2.1/255.255.255.0'))] }));
  strictOnly(leaf({ extensions: [{ oid: '1.3.6.1.5.5.7.1.1', value: nothing() }] }));
  // A key usage with trailing zero bits.
  strictOnly(leaf({ extensions: [{ ...keyUsage(0), value: der(0x03, Uint8Array.of(0, 0x80)) }] }));
  validate(leaf({ subject: name(''), extensions: [{ ...san(dns('shop.example')), critical: true }] }));
});

test('the form of CA certificates', () => {
  const through = (overrides: Parameters<typeof makeIntermediate>[2]): Parts => {
    const ca = makeIntermediate(root, 'Odd', overrides);
    return { leaf: makeLeaf(ca), intermediates: [ca.certificate] };
  };
  strictOnly(through({ extensions: [without('2.5.29.14')] }));
  const key = makeKey();
  strictOnly(through({ key, extensions: [{ ...subjectKeyId(key), critical: true }] }));
  strictOnly(through({ extensions: [basicConstraints(undefined, false)] }));
  strictOnly(through({ extensions: [{ ...nameConstraints([dns('example')]), critical: false }] }), ['rfc5280']);
  strictOnly(through({ extensions: [nameConstraints([dns('.example')])] }));
  strictOnly(through({ extensions: [nameConstraints([dns('example')], [dns('.other.example')])] }));
  const oddRoot = makeRoot('Odd', { extensions: [basicConstraints(undefined, false)] });
  strictOnly({ leaf: makeLeaf(oddRoot), roots: [oddRoot.certificate] });
});

test('malformed name constraints are refused, whether a name meets them or not', () => {
  for (const subtree of [
    dns('*.example'),
    dns('exa mple'),
    ip('192.0.2.0'),
    ip('192.0.2.0/255.0.255.0'),
    email('*.example'),
  ]) {
    const ca = makeIntermediate(root, 'Odd', { extensions: [nameConstraints([dns('example')], [subtree])] });
    for (const profile of profiles) {
      refuses('profile', { leaf: makeLeaf(ca), intermediates: [ca.certificate], profile });
    }
  }
});

test('the Baseline Requirements: only the profile of the web minds', () => {
  const leaf = (extensions: Parameters<typeof makeLeaf>[1]): Parts => ({ leaf: makeLeaf(intermediate, extensions) });
  strictOnly(leaf({ subject: name('other.example') }), ['webpki']);
  strictOnly(leaf({ subject: name('Shop.example') }), ['webpki']);
  strictOnly(leaf({ extensions: [{ ...extendedKeyUsage(SERVER_AUTH), critical: true }] }), ['webpki']);
  strictOnly(leaf({ extensions: [{ ...san(dns('shop.example')), critical: true }] }), ['webpki']);
  strictOnly(leaf({ extensions: [keyUsage(0, 2)] }), ['webpki']);
  strictOnly(leaf({ extensions: [san(dns('shop.example'), email('a@shop.example'))] }), ['webpki']);
  strictOnly(leaf({ extensions: [san(dns('shop.example'), dns('ab--c.example'))] }), ['webpki']);
  strictOnly(leaf({ extensions: [san(dns('shop.example'), dns('xn--a.example'))] }), ['webpki']);
  strictOnly(leaf({ subject: name('0xC0000201'), extensions: [san(dns('shop.example'), ip('192.0.2.1'))] }), [
    'webpki',
  ]);
  validate(
    leaf({
      subject: name('192.0.2.1'),
      extensions: [san(dns('shop.example'), ip('192.0.2.1'), dns('xn--bcher-kva.example'))],
    }),
  );
  const asLeaf = makeIntermediate(root, 'CA', {
    extensions: [san(dns('shop.example')), extendedKeyUsage(SERVER_AUTH)],
  });
  strictOnly({ leaf: asLeaf.certificate, intermediates: [] }, ['webpki']);
  const withUsage = makeRoot('Used', { extensions: [extendedKeyUsage(SERVER_AUTH)] });
  strictOnly({ leaf: makeLeaf(withUsage), roots: [withUsage.certificate] }, ['webpki']);
});

test('chains of certificates with changed octets are valid or refused with a reason, in every profile', () => {
  const parts = [makeLeaf(intermediate), intermediate.certificate, root.certificate];
  const change = fc.tuple(fc.nat(2), fc.nat(), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const octets = parts.map((certificate) => Uint8Array.from(certificate.der));
      for (const [which, at, bits] of changes) {
        const target = octets[which] ?? new Uint8Array(1);
        target[at % target.length] = (target[at % target.length] ?? 0) ^ bits;
      }
      let parsed;
      try {
        parsed = octets.map((encoded) => parseCertificate(encoded));
      } catch (error) {
        assert(error instanceof EverbindError && error.code === 'PKI_CERTIFICATE_INVALID', String(error));
        return;
      }
      const [leaf, ca, anchor] = parsed;
      if (leaf === undefined || ca === undefined || anchor === undefined) return;
      for (const profile of profiles) {
        try {
          validate({ leaf, intermediates: [ca], roots: [anchor], profile });
          // Only the anchor may differ, and only in what nobody looks at: its own signature.
          assert.deepEqual(leaf.der, parts[0]?.der);
          assert.deepEqual(ca.der, parts[1]?.der);
        } catch (error) {
          assert(error instanceof EverbindError && error.code === 'PKI_CHAIN_INVALID', String(error));
        }
      }
    }),
    { numRuns: 1500 },
  );
});
