import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { importJwk } from '../../src/acme/jose/jwk-import.ts';
import { type Jwk, jwkFromSpki, thumbprint } from '../../src/acme/jose/jwk.ts';
import { signJws } from '../../src/acme/jose/jws.ts';
import { type JwsHeader, signatureMatches, type VerificationKey, verifyJws } from '../../src/acme/jose/jws-verify.ts';
import { dns01Value, keyAuthorization } from '../../src/acme/jose/key-authorization.ts';
import { EverbindError } from '../../src/errors/error.ts';
import { importPublicKey, signatureScheme, verifySignature } from '../../src/pki/x509/signature.ts';
import type { Signer } from '../../src/ports/signer.ts';
import type { CorpusCase } from './main.ts';

// Signatures: the vectors of an ACME client, RFC 7638 and RFC 7520, and Wycheproof as far as it concerns algorithms of
// ACME.

export async function* cases(corpus: string): AsyncIterable<CorpusCase> {
  const folder = path.join(corpus, 'vectors', 'jws');
  const read = async <T>(file: string): Promise<T> => JSON.parse(await readFile(path.join(folder, file), 'utf8')) as T;
  yield* acmeCases(await read('acme-jws.json'));
  yield* keySetCases(await read('wycheproof-json_web_key_test.json'));
  yield* webSignatureCases(await read('wycheproof-json_web_signature_test.json'));
  yield* p1363Cases(await read('wycheproof-ecdsa_secp256r1_sha256_p1363_test.json'));
  yield* derCases(await read('wycheproof-ecdsa_secp256r1_sha256_test.json'));
  yield* macCases(await read('wycheproof-hmac_sha256_test.json'));
}

interface AcmeHeader {
  readonly alg: Signer['algorithm'];
  readonly kid?: string;
  readonly jwk?: Jwk;
  readonly nonce?: string;
  readonly url?: string;
}

interface AcmeVectors {
  readonly thumbprints: Readonly<Record<string, string>>;
  readonly jws: readonly {
    readonly test: string;
    readonly protected: string;
    readonly payload: string;
    readonly signature: string | null;
    readonly key_b64url?: string;
  }[];
  readonly rfc7638: readonly { readonly jwk: Jwk; readonly thumbprint: string }[];
  readonly challenges: readonly {
    readonly key: string;
    readonly token: string;
    readonly keyAuthorization: string;
    readonly dns01TxtValue?: string;
  }[];
}

function* acmeCases(vectors: AcmeVectors): Iterable<CorpusCase> {
  for (const vector of vectors.jws) {
    yield {
      name: `acme ${vector.test}`,
      run: async () => {
        const header = JSON.parse(Buffer.from(vector.protected, 'base64url').toString()) as AcmeHeader;
        if (vector.signature !== null) {
          const k = vector.key_b64url;
          const key = importJwk(k === undefined ? header.jwk : { kty: 'oct', alg: 'HS256', k });
          const { protected: head, payload, signature } = { ...vector, signature: vector.signature };
          verifyJws({ protected: head, payload, signature }, () => key);
        }
        // What is signed must be the same octets as another client's.
        if (header.url !== undefined) assert.equal(await protectedHeaderOf(header), vector.protected);
        if (header.jwk !== undefined) assert.equal(thumbprint(header.jwk), vectors.thumbprints['testKey(RSA)']);
      },
    };
  }
  for (const { jwk, thumbprint: expected } of vectors.rfc7638) {
    yield { name: 'RFC 7638 thumbprint', run: () => assert.equal(thumbprint(jwk), expected) };
  }
  for (const challenge of vectors.challenges) {
    yield {
      name: `key authorization of ${challenge.token}`,
      run: () => {
        const made = keyAuthorization(challenge.token, vectors.thumbprints[challenge.key] ?? '');
        assert.equal(made, challenge.keyAuthorization);
        if (challenge.dns01TxtValue !== undefined) assert.equal(dns01Value(made), challenge.dns01TxtValue);
      },
    };
  }
}

async function protectedHeaderOf(header: AcmeHeader): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer: Signer = {
    algorithm: header.alg,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    sign: async (data) => sign('sha256', data, privateKey),
  };
  const jws = await signJws({
    signer,
    header: {
      url: header.url ?? '',
      key: header.jwk === undefined ? { kid: header.kid ?? '' } : { jwk: header.jwk },
      ...(header.nonce === undefined ? {} : { nonce: header.nonce }),
    },
    payload: '',
  });
  return jws.protected;
}

type Verdict = 'valid' | 'invalid' | 'acceptable';
type WycheproofKey = Readonly<Record<string, unknown>>;

interface JoseTest {
  readonly tcId: number;
  readonly comment: string;
  readonly flags: readonly string[];
  readonly jws: string;
  readonly result: Verdict;
}

interface JoseFile<Key> {
  readonly testGroups: readonly {
    readonly comment: string;
    readonly public?: Key;
    readonly private: Key;
    readonly tests: readonly JoseTest[];
  }[];
}

function* keySetCases(file: JoseFile<{ readonly keys: readonly WycheproofKey[] }>): Iterable<CorpusCase> {
  for (const group of file.testGroups) {
    for (const test of group.tests) {
      // How to treat odd key sets; ACME has no key sets.
      if (!test.flags.includes('Ambiguous'))
        yield joseCase('jwk', group.comment, test, (group.public ?? group.private).keys);
    }
  }
}

function* webSignatureCases(file: JoseFile<WycheproofKey>): Iterable<CorpusCase> {
  for (const group of file.testGroups) {
    for (const test of group.tests) {
      // Valid signatures of algorithms that ACME does not use are refused, as they should be.
      const usable = test.result === 'invalid' || supported.has(algorithmOf(test.jws));
      if (usable) yield joseCase('jws', group.comment, test, [group.public ?? group.private]);
    }
  }
}

/** Vectors that contradict the RFC or one another. */
const defective: Readonly<Record<string, string>> = {
  'jws 367': 'the same text as vector 357, which is valid',
  'jws 370': 'the same text as vector 357, which is valid',
  'jws 372': 'a character that base64url does not have; RFC 7515 section 2 knows no leniency',
  'jws 373': 'a character that base64url does not have; RFC 7515 section 2 knows no leniency',
};

const supported: ReadonlySet<string> = new Set(['ES256', 'ES384', 'RS256', 'EdDSA', 'HS256', 'HS384', 'HS512']);

function joseCase(kind: string, group: string, test: JoseTest, keys: readonly WycheproofKey[]): CorpusCase {
  const find = (header: JwsHeader): VerificationKey | null => {
    const key = keys.find((each) => each['kid'] === header['kid']);
    return key === undefined ? null : importJwk(key);
  };
  const soft = defective[`${kind} ${test.tcId}`];
  return {
    name: `${kind} ${test.tcId} ${group} ${test.comment}`,
    ...(soft === undefined ? {} : { soft }),
    run: () => expectVerdict(test.result, () => verifyCompact(test.jws, find)),
  };
}

function verifyCompact(jws: string, find: (header: JwsHeader) => VerificationKey | null): boolean {
  const parts = jws.split('.');
  if (parts.length !== 3) return false;
  const [head = '', payload = '', signature = ''] = parts;
  try {
    verifyJws({ protected: head, payload, signature }, find);
    return true;
  } catch (error) {
    if (error instanceof EverbindError && ['ACME_JWS_INVALID', 'ACME_KEY_UNSUPPORTED'].includes(error.code))
      return false;
    throw error;
  }
}

function algorithmOf(jws: string): string {
  try {
    const header = JSON.parse(Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString()) as { alg?: unknown };
    return String(header.alg);
  } catch {
    return '';
  }
}

interface SignatureFile {
  readonly testGroups: readonly {
    readonly publicKeyDer: string;
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly msg: string;
      readonly sig: string;
      readonly result: Verdict;
    }[];
  }[];
}

function* p1363Cases(file: SignatureFile): Iterable<CorpusCase> {
  for (const group of file.testGroups) {
    const key = importJwk(jwkFromSpki(Buffer.from(group.publicKeyDer, 'hex')));
    for (const test of group.tests) {
      yield {
        name: `ES256 ${test.tcId} ${test.comment}`,
        run: () => expectVerdict(test.result, () => signatureMatches(key, hex(test.msg), hex(test.sig))),
      };
    }
  }
}

function* derCases(file: SignatureFile): Iterable<CorpusCase> {
  const scheme = signatureScheme(hex('300a06082a8648ce3d040302'));
  assert.ok(scheme);
  for (const group of file.testGroups) {
    const key = importPublicKey(hex(group.publicKeyDer));
    assert.ok(key);
    for (const test of group.tests) {
      yield {
        name: `ECDSA of certificates ${test.tcId} ${test.comment}`,
        run: () => expectVerdict(test.result, () => verifySignature(scheme, key, hex(test.msg), hex(test.sig))),
      };
    }
  }
}

interface MacFile {
  readonly testGroups: readonly {
    readonly tagSize: number;
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly key: string;
      readonly msg: string;
      readonly tag: string;
      readonly result: Verdict;
    }[];
  }[];
}

function* macCases(file: MacFile): Iterable<CorpusCase> {
  for (const group of file.testGroups) {
    for (const test of group.tests) {
      // JWS has no truncated MACs: those are right elsewhere and must be refused here.
      const expected = group.tagSize === 256 ? test.result : 'invalid';
      const key = { algorithm: 'HS256', secret: hex(test.key) } as const;
      yield {
        name: `HS256 ${test.tcId} ${test.comment}, ${group.tagSize} bits`,
        run: () => expectVerdict(expected, () => signatureMatches(key, hex(test.msg), hex(test.tag))),
      };
    }
  }
}

function expectVerdict(expected: Verdict, verify: () => boolean): void {
  const verified = verify();
  if (expected !== 'acceptable')
    assert.equal(verified, expected === 'valid', `verified: ${verified}, expected ${expected}`);
}

function hex(text: string): Uint8Array {
  return Buffer.from(text, 'hex');
}
