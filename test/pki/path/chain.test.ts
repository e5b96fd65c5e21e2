import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EverbindError } from '../../../src/errors/error.ts';
import { type Certificate, parseCertificate } from '../../../src/pki/x509/certificate.ts';
import { findPath, type PathCandidates } from '../../../src/pki/path/chain.ts';
import type { ChainReason } from '../../../src/pki/path/chain-problem.ts';
import { serverPathRules } from '../../../src/pki/path/path-rules.ts';
import { nothing, oid, sequence, unsignedInteger } from '../../../src/pki/asn1/der-writer.ts';
import { makeIntermediate, makeLeaf, makeRoot, type TestAuthority, without } from '../support/make-chain.ts';
import {
  basicConstraints,
  CLIENT_AUTH,
  dns,
  extendedKeyUsage,
  ip,
  keyUsage,
  makeKey,
  name,
  nameConstraints,
  san,
} from '../support/make-certificate.ts';
import { cpuMs } from '../../cpu-time.ts';

const now = Date.UTC(2026, 10, 23);
const root = makeRoot();
const intermediate = makeIntermediate(root);

type Parts = Partial<PathCandidates> & { readonly leaf: Certificate; readonly time?: number };

function validate({ time = now, ...candidates }: Parts): readonly Certificate[] {
  return findPath(
    { intermediates: [intermediate.certificate], roots: [root.certificate], ...candidates },
    serverPathRules(time),
  );
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

test('a chain that breaks no rule is valid', () => {
  const leaf = makeLeaf(intermediate);
  assert.deepEqual(validate({ leaf }), [leaf, intermediate.certificate, root.certificate]);
});

for (const kind of ['P-256', 'P-384', 'P-521', 'rsa-2048', 'ed25519', 'ml-dsa-44'] as const) {
  test(`an issuer with a ${kind} key`, () => {
    const issuer = makeIntermediate(root, 'Other', { key: makeKey(kind) });
    validate({ leaf: makeLeaf(issuer), intermediates: [issuer.certificate] });
  });
}

test('validity: both ends belong to it', () => {
  const leaf = makeLeaf(intermediate, { notBefore: '260101000000', notAfter: '260201000000' });
  validate({ leaf, time: Date.UTC(2026, 0, 1) });
  validate({ leaf, time: Date.UTC(2026, 1, 1) });
  validate({ leaf, time: Date.UTC(2026, 1, 1) + 999 });
  refuses('not-yet-valid', { leaf, time: Date.UTC(2026, 0, 1) - 1 });
  refuses('expired', { leaf, time: Date.UTC(2026, 1, 1) + 1000 });
});

test('an expired intermediate or root', () => {
  const expired = { notBefore: '200101000000', notAfter: '210101000000' };
  const old = makeIntermediate(root, 'Old', expired);
  refuses('expired', { leaf: makeLeaf(old), intermediates: [old.certificate] });
  const oldRoot = makeRoot('Old root', expired);
  refuses('expired', { leaf: makeLeaf(oldRoot), roots: [oldRoot.certificate] });
});

test('no way to a trusted root', () => {
  const leaf = makeLeaf(intermediate);
  refuses('no-issuer', { leaf, intermediates: [] });
  const stranger = makeRoot('Stranger');
  refuses('untrusted-root', { leaf: makeLeaf(stranger), intermediates: [stranger.certificate] });
  refuses('no-issuer', { leaf, roots: [stranger.certificate] });
  refuses('no-issuer', { leaf, roots: [] });
});

test('a root of the same name with another key', () => {
  const impostor = makeRoot('Root');
  refuses('no-issuer', { leaf: makeLeaf(intermediate), roots: [impostor.certificate] });
  const nameless = makeRoot('Root', { extensions: [without('2.5.29.14')] });
  refuses('bad-signature', { leaf: makeLeaf(intermediate), roots: [nameless.certificate] });
});

test('a signature by another key, and one over something else', () => {
  const leaf = makeLeaf({ ...intermediate, key: { ...makeKey(), id: intermediate.key.id } });
  refuses('bad-signature', { leaf });
  const good = makeLeaf(intermediate);
  const forged = {
    ...good,
    tbsDer: Uint8Array.from(good.tbsDer, (octet, index) => (index === 20 ? octet ^ 1 : octet)),
  };
  refuses('bad-signature', { leaf: forged });
});

test('weak and unsupported signatures', () => {
  const rsa = makeIntermediate(root, 'RSA', { key: makeKey('rsa-2048') });
  const parts = { intermediates: [rsa.certificate] };
  const sha1 = makeLeaf(rsa, { algorithm: sequence(oid('1.2.840.113549.1.1.5'), nothing()), hash: 'sha1' });
  refuses('weak-signature', { leaf: sha1, ...parts });
  const md5 = makeLeaf(rsa, { algorithm: sequence(oid('1.2.840.113549.1.1.4'), nothing()), hash: 'md5' });
  refuses('weak-signature', { leaf: md5, ...parts });
  const withNull = makeLeaf(intermediate, { algorithm: sequence(oid('1.2.840.10045.4.3.2'), nothing()) });
  refuses('unsupported-signature', { leaf: withNull });
  const unknown = makeLeaf(intermediate, { algorithm: sequence(oid('1.2.3.4')) });
  refuses('unsupported-signature', { leaf: unknown });
});

test('weak keys anywhere in the path', () => {
  refuses('weak-key', { leaf: makeLeaf(intermediate, { key: makeKey('rsa-1024') }) });
  refuses('weak-key', { leaf: makeLeaf(intermediate, { key: makeKey('secp256k1') }) });
  const weak = makeIntermediate(root, 'Weak', { key: makeKey('rsa-1024') });
  refuses('weak-key', { leaf: makeLeaf(weak), intermediates: [weak.certificate] });
  const weakRoot = makeRoot('Weak', { key: makeKey('rsa-1024') });
  refuses('weak-key', { leaf: makeLeaf(weakRoot), roots: [weakRoot.certificate] });
});

test('only a CA issues certificates', () => {
  const plain = { key: makeKey(), name: name('Server') };
  const server = makeIntermediate(root, 'Server', { key: plain.key, extensions: [without('2.5.29.19'), keyUsage(0)] });
  refuses('not-a-ca', { leaf: makeLeaf(server), intermediates: [server.certificate] });
  const falseCa = makeIntermediate(root, 'False', {
    extensions: [{ oid: '2.5.29.19', critical: true, value: sequence() }, keyUsage(0)],
  });
  refuses('not-a-ca', { leaf: makeLeaf(falseCa), intermediates: [falseCa.certificate] });
  const noSigner = makeIntermediate(root, 'No signer', { extensions: [keyUsage(6)] });
  refuses('key-usage', { leaf: makeLeaf(noSigner), intermediates: [noSigner.certificate] });
});

test('extended key usage, also of the CA certificates', () => {
  refuses('extended-key-usage', {
    leaf: makeLeaf(intermediate, { extensions: [extendedKeyUsage(CLIENT_AUTH)] }),
  });
  const clientCa = makeIntermediate(root, 'Client CA', { extensions: [extendedKeyUsage(CLIENT_AUTH)] });
  refuses('extended-key-usage', { leaf: makeLeaf(clientCa), intermediates: [clientCa.certificate] });
  validate({ leaf: makeLeaf(intermediate, { extensions: [without('2.5.29.37')] }) });
  validate({ leaf: makeLeaf(intermediate, { extensions: [extendedKeyUsage('2.5.29.37.0')] }) });
});

test('critical extensions that we do not know', () => {
  const unknown = { oid: '1.3.6.1.4.1.99999.1', critical: true, value: nothing() };
  refuses('critical-extension', { leaf: makeLeaf(intermediate, { extensions: [unknown] }) });
  validate({ leaf: makeLeaf(intermediate, { extensions: [{ ...unknown, critical: false }] }) });
  const ca = makeIntermediate(root, 'Odd', { extensions: [unknown] });
  refuses('critical-extension', { leaf: makeLeaf(ca), intermediates: [ca.certificate] });
});

test('path length', () => {
  const zero = makeIntermediate(root, 'Zero', { extensions: [basicConstraints(0)] });
  validate({ leaf: makeLeaf(zero), intermediates: [zero.certificate] });
  const below = makeIntermediate(zero, 'Below');
  refuses('path-length', { leaf: makeLeaf(below), intermediates: [below.certificate, zero.certificate] });
  // The same CA with a new key, certified by its old one, is not counted.
  const rolled = makeIntermediate(zero, 'Zero');
  validate({ leaf: makeLeaf(rolled), intermediates: [rolled.certificate, zero.certificate] });
  const rootOfZero = makeRoot('Root of zero', { extensions: [basicConstraints(0)] });
  const under = makeIntermediate(rootOfZero, 'Under');
  refuses('path-length', {
    leaf: makeLeaf(under),
    intermediates: [under.certificate],
    roots: [rootOfZero.certificate],
  });
});

test('the depth is bounded', () => {
  const chain = tower(root, 9);
  const leaf = makeLeaf(chain.at(-1) ?? root);
  refuses('limit', { leaf, intermediates: chain.map((ca) => ca.certificate) });
  const eight = makeLeaf(chain.at(-2) ?? root);
  validate({ leaf: eight, intermediates: chain.map((ca) => ca.certificate) });
  validate({ leaf: makeLeaf(root), intermediates: [] });
});

test('name constraints', () => {
  const constrained = makeIntermediate(root, 'Constrained', {
    extensions: [nameConstraints([dns('shop.example')], [dns('no.shop.example')])],
  });
  const check = (...names: Uint8Array[]): Parts => ({
    leaf: makeLeaf(constrained, { extensions: [san(dns('shop.example'), ...names)] }),
    intermediates: [constrained.certificate],
  });
  validate(check(dns('www.shop.example')));
  validate(check(ip('192.0.2.1')));
  refuses('name-constraints', check(dns('other.example')));
  refuses('name-constraints', check(dns('a.no.shop.example')));
  refuses('name-constraints', check(dns('notshop.example')));
});

test('name constraints bind intermediates, but not self-issued ones', () => {
  const constrained = makeIntermediate(root, 'Constrained', { extensions: [nameConstraints([dns('shop.example')])] });
  const foreign = { extensions: [san(dns('other.example'))] };
  const below = makeIntermediate(constrained, 'Below', foreign);
  refuses('name-constraints', { leaf: makeLeaf(below), intermediates: [below.certificate, constrained.certificate] });
  const rolled = makeIntermediate(constrained, 'Constrained', foreign);
  validate({ leaf: makeLeaf(rolled), intermediates: [rolled.certificate, constrained.certificate] });
});

test('the form of certificates is not minded', () => {
  const leaf = (extensions: Parameters<typeof makeLeaf>[1]): Parts => ({ leaf: makeLeaf(intermediate, extensions) });
  validate(leaf({ extensions: [without('2.5.29.35')] }));
  validate(leaf({ serial: [0] }));
  validate(leaf({ notAfter: '20400101000000' }));
  validate(leaf({ subject: name('') }));
  validate(leaf({ extensions: [san(dns('shop.example'), dns('in_ner.example'))] }));
  validate(leaf({ extensions: [{ oid: '1.3.6.1.5.5.7.1.1', value: nothing() }] }));
  const odd = makeIntermediate(root, 'Odd', {
    extensions: [without('2.5.29.14'), basicConstraints(undefined, false), nameConstraints([dns('.example')])],
  });
  validate({ leaf: makeLeaf(odd), intermediates: [odd.certificate] });
});

test('of several ways the valid one is found', () => {
  const key = makeKey();
  const otherRoot = makeRoot('Other root');
  const expired = makeIntermediate(root, 'Cross', { key, notAfter: '210101000000' });
  const good = makeIntermediate(otherRoot, 'Cross', { key });
  const leaf = makeLeaf(good);
  const path = validate({
    leaf,
    intermediates: [expired.certificate, good.certificate],
    roots: [root.certificate, otherRoot.certificate],
  });
  assert.equal(path.at(-1), otherRoot.certificate);
});

test('certificates that certify each other lead nowhere', () => {
  const [keyA, keyB] = [makeKey(), makeKey()];
  const a: TestAuthority = { name: name('A'), key: keyA, certificate: root.certificate };
  const b: TestAuthority = { name: name('B'), key: keyB, certificate: root.certificate };
  const aByB = makeIntermediate(b, 'A', { key: keyA });
  const bByA = makeIntermediate(a, 'B', { key: keyB });
  refuses('no-issuer', { leaf: makeLeaf(aByB), intermediates: [aByB.certificate, bByA.certificate] });
});

test('a thicket of cross-certificates is abandoned after a bounded number of signature checks', async () => {
  // Six CAs with the same names and no key identifiers: every one may have issued every other one.
  const anonymous = [without('2.5.29.14'), without('2.5.29.35')];
  const keys = Array.from({ length: 12 }, () => makeKey());
  const thicket = keys.flatMap((key, index) =>
    keys
      .filter((_, signer) => signer !== index)
      .map((signer) => {
        const issuer: TestAuthority = { name: name('Thicket'), key: signer, certificate: root.certificate };
        return makeIntermediate(issuer, 'Thicket', { key, extensions: anonymous }).certificate;
      }),
  );
  const leaf = makeLeaf(
    { name: name('Thicket'), key: keys[0] ?? makeKey(), certificate: root.certificate },
    { extensions: [without('2.5.29.35')] },
  );
  const took = await cpuMs(() => refuses('limit', { leaf, intermediates: thicket }));
  assert(took < 4000, `${took} ms`);
});

test('thousands of names against thousands of constraints are refused', () => {
  const many = (count: number): Uint8Array[] => Array.from({ length: count }, (_, index) => dns(`n${index}.example`));
  const ca = makeIntermediate(root, 'Many', { extensions: [nameConstraints(many(1500))] });
  const leaf = makeLeaf(ca, { subject: name('n1.example'), extensions: [san(...many(1500))] });
  refuses('name-constraints', { leaf, intermediates: [ca.certificate] });
});

test('an explicit policy', () => {
  const policies = (...ids: string[]): { oid: string; value: Uint8Array } => ({
    oid: '2.5.29.32',
    value: sequence(...ids.map((id) => sequence(oid(id)))),
  });
  const explicit = { oid: '2.5.29.36', critical: true, value: sequence(Uint8Array.of(0x80, 1, 0)) };
  const strict = makeIntermediate(root, 'Strict', { extensions: [explicit, policies('1.2.3')] });
  const parts = { intermediates: [strict.certificate] };
  validate({ leaf: makeLeaf(strict, { extensions: [policies('1.2.3')] }), ...parts });
  refuses('policy', { leaf: makeLeaf(strict), ...parts });
  refuses('policy', { leaf: makeLeaf(strict, { extensions: [policies('1.2.4')] }), ...parts });
  refuses('policy', { leaf: makeLeaf(strict, { extensions: [policies('1.2.3', '1.2.3')] }), ...parts });
});

function tower(base: TestAuthority, height: number): TestAuthority[] {
  const floors: TestAuthority[] = [];
  for (let floor = 0; floor < height; floor += 1)
    floors.push(makeIntermediate(floors.at(-1) ?? base, `Floor ${floor}`));
  return floors;
}

test('numbers of certificates in policy extensions are read strictly', () => {
  const inhibit = {
    oid: '2.5.29.54',
    critical: true,
    value: unsignedInteger(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff)),
  };
  const ca = makeIntermediate(root, 'Huge', { extensions: [inhibit] });
  refuses('policy', { leaf: makeLeaf(ca), intermediates: [ca.certificate] });
});

test('chains of certificates with changed octets are valid or refused with a reason', () => {
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
        parsed = octets.map((der) => parseCertificate(der));
      } catch (error) {
        assert(error instanceof EverbindError && error.code === 'PKI_CERTIFICATE_INVALID', String(error));
        return;
      }
      const [leaf, ca, anchor] = parsed;
      if (leaf === undefined || ca === undefined || anchor === undefined) return;
      try {
        validate({ leaf, intermediates: [ca], roots: [anchor] });
        // Only the anchor may differ, and only in what nobody looks at: its own signature.
        assert.deepEqual(leaf.der, parts[0]?.der);
        assert.deepEqual(ca.der, parts[1]?.der);
      } catch (error) {
        assert(error instanceof EverbindError && error.code === 'PKI_CHAIN_INVALID', String(error));
      }
    }),
    { numRuns: 1500 },
  );
});
