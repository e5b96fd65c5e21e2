import assert from 'node:assert/strict';
import { createHmac, createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { bindExternalAccount } from '../../../src/acme/jose/external-account.ts';
import { jwkFromSpki, signerKey, thumbprint } from '../../../src/acme/jose/jwk.ts';
import { importJwk } from '../../../src/acme/jose/jwk-import.ts';
import { signJws } from '../../../src/acme/jose/jws.ts';
import { decodeJws, verifyJws } from '../../../src/acme/jose/jws-verify.ts';
import { keyAuthorization } from '../../../src/acme/jose/key-authorization.ts';
import type { SignatureAlgorithm } from '../../../src/ports/signer.ts';
import { newSigner } from './signers.ts';
import { coded } from '../support.ts';

const algorithms: readonly SignatureAlgorithm[] = ['ES256', 'ES384', 'RS256', 'EdDSA'];
const signers = algorithms.map((algorithm) => newSigner(algorithm));

for (const signer of signers) {
  test(`${signer.algorithm}: node:crypto verifies what we sign, and so do we`, async () => {
    const { jwk } = signerKey(signer);
    const jws = await signJws({
      signer,
      header: { nonce: 'n', url: 'https://ca.test/x', key: { jwk } },
      payload: { a: 'ü' },
    });
    const header = JSON.parse(Buffer.from(jws.protected, 'base64url').toString()) as { jwk: Record<string, string> };
    assert.deepEqual(Object.keys(header), ['alg', 'jwk', 'nonce', 'url']);
    assert.equal(Buffer.from(jws.payload, 'base64url').toString(), '{"a":"ü"}');
    const key = createPublicKey({ key: header.jwk, format: 'jwk' });
    const hash = { ES256: 'sha256', ES384: 'sha384', RS256: 'sha256', EdDSA: null }[signer.algorithm];
    const data = Buffer.from(`${jws.protected}.${jws.payload}`);
    assert.ok(verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(jws.signature, 'base64url')));
    const verified = verifyJws(decodeJws(JSON.parse(JSON.stringify(jws))), (found) => importJwk(found['jwk']));
    assert.equal(Buffer.from(verified.payload).toString(), '{"a":"ü"}');
  });

  test(`${signer.algorithm}: any change of one character is found`, async () => {
    const jws = await signJws({ signer, header: { url: 'u', key: { kid: 'k' } }, payload: {} });
    const key = importJwk(signerKey(signer).jwk);
    verifyJws(jws, () => key);
    const part = fc.constantFrom('protected', 'payload', 'signature');
    fc.assert(
      fc.property(part, fc.nat(), fc.stringMatching(/^[A-Za-z0-9_-]$/), (name, position, letter) => {
        const text = jws[name as 'payload'];
        const at = position % text.length;
        fc.pre(text[at] !== letter);
        const changed = { ...jws, [name]: text.slice(0, at) + letter + text.slice(at + 1) };
        assert.throws(() => verifyJws(changed, () => key), coded('ACME_JWS_INVALID'));
      }),
      { numRuns: 30 },
    );
  });
}

test('POST-as-GET has an empty payload, and kid stands in place of jwk', async () => {
  const [signer] = signers;
  assert.ok(signer);
  const jws = await signJws({
    signer,
    header: { nonce: 'n', url: 'u', key: { kid: 'https://ca.test/acct/1' } },
    payload: '',
  });
  assert.equal(jws.payload, '');
  assert.deepEqual(JSON.parse(Buffer.from(jws.protected, 'base64url').toString()), {
    alg: 'ES256',
    kid: 'https://ca.test/acct/1',
    nonce: 'n',
    url: 'u',
  });
});

test('an algorithm other than the key’s is refused, none above all', async () => {
  const [p256, p384] = signers;
  assert.ok(p256 && p384);
  const jws = await signJws({ signer: p256, header: { url: 'u', key: { kid: 'k' } }, payload: {} });
  assert.throws(() => verifyJws(jws, () => importJwk(signerKey(p384).jwk)), coded('ACME_JWS_INVALID'));
  const none = { ...jws, protected: Buffer.from('{"alg":"none"}').toString('base64url'), signature: '' };
  assert.throws(() => verifyJws(none, () => importJwk(signerKey(p256).jwk)), coded('ACME_JWS_INVALID'));
  // The public key's text as an HMAC secret: the classic confusion.
  const header = Buffer.from('{"alg":"HS256"}').toString('base64url');
  const confused = {
    protected: header,
    payload: jws.payload,
    signature: createHmac('sha256', JSON.stringify(signerKey(p256).jwk))
      .update(`${header}.${jws.payload}`)
      .digest('base64url'),
  };
  assert.throws(() => verifyJws(confused, () => importJwk(signerKey(p256).jwk)), coded('ACME_JWS_INVALID'));
});

test('the header is judged even when the signature over it is right', async () => {
  const [signer] = signers;
  assert.ok(signer);
  const key = importJwk(signerKey(signer).jwk);
  const signed = async (header: object) => {
    const head = Buffer.from(JSON.stringify(header)).toString('base64url');
    const signature = Buffer.from(await signer.sign(Buffer.from(`${head}.e30`))).toString('base64url');
    return { protected: head, payload: 'e30', signature };
  };
  verifyJws(await signed({ alg: 'ES256' }), () => key);
  for (const header of [
    { alg: 'ES384' },
    { alg: 'none' },
    {},
    { alg: 'ES256', crit: ['exp'] },
    { alg: 'ES256', b64: false },
    [],
  ]) {
    const jws = await signed(header);
    assert.throws(() => verifyJws(jws, () => key), coded('ACME_JWS_INVALID'), JSON.stringify(header));
  }
  const jws = await signed({ alg: 'ES256' });
  assert.throws(() => verifyJws(jws, () => null), coded('ACME_JWS_INVALID'));
  assert.throws(() => verifyJws({ ...jws, payload: 'A'.repeat(2 ** 21) }, () => key), coded('ACME_JWS_INVALID'));
});

test('an unprotected header, a missing member and critical members are refused', async () => {
  const [signer] = signers;
  assert.ok(signer);
  const jws = await signJws({ signer, header: { url: 'u', key: { kid: 'k' } }, payload: {} });
  for (const value of [
    { ...jws, header: {} },
    { ...jws, signature: 7 },
    { protected: jws.protected, payload: jws.payload },
    [],
    null,
    'x',
  ]) {
    assert.throws(() => decodeJws(value), coded('ACME_JWS_INVALID'));
  }
  const critical = {
    ...jws,
    protected: Buffer.from('{"alg":"ES256","crit":["b64"],"b64":false}').toString('base64url'),
  };
  assert.throws(() => verifyJws(critical, () => importJwk(signerKey(signer).jwk)), coded('ACME_JWS_INVALID'));
});

test('a key that does not fit its algorithm cannot sign', () => {
  const [p256, p384] = signers;
  assert.ok(p256 && p384);
  assert.throws(() => signerKey({ ...p256, algorithm: 'ES384' }), coded('ACME_KEY_UNSUPPORTED'));
  assert.throws(() => jwkFromSpki(Uint8Array.of(1, 2, 3)), coded('ACME_KEY_UNSUPPORTED'));
});

test('the JWK and the thumbprint are worked out once per signer', () => {
  const [signer] = signers;
  assert.ok(signer);
  assert.equal(signerKey(signer), signerKey(signer));
  assert.equal(signerKey(signer).thumbprint, thumbprint(jwkFromSpki(signer.publicKey)));
});

test('key authorization and thumbprint of RFC 7638', () => {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' } as const;
  // RFC 8037 appendix A.3.
  assert.equal(thumbprint(jwk), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  assert.equal(keyAuthorization('t', 'p'), 't.p');
});

test('external account binding: HS256, HS384, HS512', () => {
  const [signer] = signers;
  assert.ok(signer);
  const { jwk } = signerKey(signer);
  for (const algorithm of ['HS256', 'HS384', 'HS512'] as const) {
    const hmacKey = Buffer.alloc(64, 7);
    const jws = bindExternalAccount({ keyId: 'kid-1', hmacKey, algorithm }, 'https://ca.test/account', jwk);
    const { header, payload } = verifyJws(jws, () =>
      importJwk({ kty: 'oct', alg: algorithm, k: hmacKey.toString('base64url') }),
    );
    assert.deepEqual(header, { alg: algorithm, kid: 'kid-1', url: 'https://ca.test/account' });
    assert.deepEqual(JSON.parse(Buffer.from(payload).toString()), jwk);
  }
});

test('property: foreign JWKs import or are refused with their code', () => {
  const member = fc.oneof(
    fc.string(),
    fc.constantFrom('EC', 'RSA', 'OKP', 'oct', 'P-256', 'Ed25519', 'AQAB', 'HS256', 'sig', 'A'.repeat(43)),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const jwk = fc.record(
    {
      kty: member,
      crv: member,
      x: member,
      y: member,
      n: member,
      e: member,
      k: member,
      alg: member,
      use: member,
      key_ops: member,
    },
    { requiredKeys: ['kty'] },
  );
  fc.assert(
    fc.property(fc.oneof(jwk, fc.jsonValue()), (value) => {
      try {
        importJwk(value);
      } catch (error) {
        coded('ACME_KEY_UNSUPPORTED')(error);
      }
    }),
  );
});
