import { createHash, createPublicKey } from 'node:crypto';
import { EverbindError } from '../../errors/error.ts';
import type { SignatureAlgorithm, Signer } from '../../ports/signer.ts';

/**
 * Public keys of ACME as JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037), members in the order that RFC 7638
 * hashes them.
 */
export type Jwk =
  | { readonly crv: 'P-256' | 'P-384'; readonly kty: 'EC'; readonly x: string; readonly y: string }
  | { readonly e: string; readonly kty: 'RSA'; readonly n: string }
  | { readonly crv: 'Ed25519'; readonly kty: 'OKP'; readonly x: string };

/** The JWK of a SubjectPublicKeyInfo in DER. Throws ACME_KEY_UNSUPPORTED. */
export function jwkFromSpki(spki: Uint8Array): Jwk {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    const { kty, crv, x, y, n, e } = key.export({ format: 'jwk' });
    if (kty === 'EC' && (crv === 'P-256' || crv === 'P-384') && x !== undefined && y !== undefined) {
      return { crv, kty, x, y };
    }
    if (kty === 'RSA' && n !== undefined && e !== undefined) return { e, kty, n };
    if (kty === 'OKP' && crv === 'Ed25519' && x !== undefined) return { crv, kty, x };
  } catch (error) {
    throw new EverbindError('ACME_KEY_UNSUPPORTED', 'The public key cannot be read', {}, { cause: error });
  }
  throw new EverbindError('ACME_KEY_UNSUPPORTED', 'ACME has no algorithm for this kind of key');
}

/** base64url of the SHA-256 thumbprint (RFC 7638). */
export function thumbprint(jwk: Jwk): string {
  return createHash('sha256').update(canonicalJwk(jwk)).digest('base64url');
}

/** The JSON text that is hashed: required members only, sorted, no white space (RFC 7638 section 3). */
function canonicalJwk(jwk: Jwk): string {
  switch (jwk.kty) {
    case 'EC':
      return JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
    case 'RSA':
      return JSON.stringify({ e: jwk.e, kty: jwk.kty, n: jwk.n });
    case 'OKP':
      return JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x });
  }
}

/** What ACME needs of a signer's public key. */
export interface SignerKey {
  readonly jwk: Jwk;
  readonly thumbprint: string;
}

// Parsing a key takes longer than signing with it.
const known = new WeakMap<Signer, SignerKey>();

/**
 * The signer's JWK and thumbprint, computed once. Throws ACME_KEY_UNSUPPORTED, also when the key does not fit its
 * algorithm.
 */
export function signerKey(signer: Signer): SignerKey {
  const found = known.get(signer);
  if (found !== undefined) return found;
  const jwk = jwkFromSpki(signer.publicKey);
  if (jwkAlgorithm(jwk) !== signer.algorithm) {
    throw new EverbindError('ACME_KEY_UNSUPPORTED', `The key cannot sign with ${signer.algorithm}`, {
      algorithm: signer.algorithm,
    });
  }
  const made = { jwk, thumbprint: thumbprint(jwk) };
  known.set(signer, made);
  return made;
}

/** The algorithm that a key signs ACME messages with. */
export function jwkAlgorithm(jwk: Jwk): SignatureAlgorithm {
  switch (jwk.kty) {
    case 'EC':
      return jwk.crv === 'P-256' ? 'ES256' : 'ES384';
    case 'RSA':
      return 'RS256';
    case 'OKP':
      return 'EdDSA';
  }
}
