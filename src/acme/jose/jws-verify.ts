import { type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { EverbindError } from '../../errors/error.ts';
import type { SignatureAlgorithm } from '../../ports/signer.ts';
import { decodeBase64url } from './base64url.ts';
import { mac, type MacAlgorithm } from './external-account.ts';
import type { FlattenedJws } from './jws.ts';

/** A key for exactly one algorithm, never for the one that a message names. */
export type VerificationKey =
  | { readonly algorithm: SignatureAlgorithm; readonly publicKey: KeyObject }
  | { readonly algorithm: MacAlgorithm; readonly secret: Uint8Array };

export type JwsHeader = Readonly<Record<string, unknown>>;

export interface VerifiedJws {
  readonly header: JwsHeader;
  readonly payload: Uint8Array;
}

const MAX_CHARACTERS = 1024 * 1024;

/**
 * The members of a flattened JWS from parsed JSON. Others, above all an unprotected header, are refused (RFC 8555
 * section 6.2). Throws ACME_JWS_INVALID.
 */
export function decodeJws(value: unknown): FlattenedJws {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('it is not an object');
  const members = value as Readonly<Record<string, unknown>>;
  const { protected: header, payload, signature } = members;
  if (Object.keys(members).length !== 3) throw invalid('it has other members than protected, payload and signature');
  if (typeof header !== 'string' || typeof payload !== 'string' || typeof signature !== 'string') {
    throw invalid('a member is not a string');
  }
  return { protected: header, payload, signature };
}

/**
 * Verifies with the key that `findKey` has for the header (null: none). Refuses alg none, an alg that is not the key's,
 * critical header members, and anything but canonical base64url. Throws ACME_JWS_INVALID.
 */
export function verifyJws(jws: FlattenedJws, findKey: (header: JwsHeader) => VerificationKey | null): VerifiedJws {
  if (jws.protected.length + jws.payload.length + jws.signature.length > MAX_CHARACTERS)
    throw invalid('it is too long');
  const header = decodeHeader(jws.protected);
  const payload = decodeBase64url(jws.payload);
  const signature = decodeBase64url(jws.signature);
  if (payload === null || signature === null) throw invalid('a member is not base64url');
  if (header['crit'] !== undefined || header['b64'] !== undefined) throw invalid('its header has a critical member');
  const key = findKey(header);
  if (key === null) throw invalid('no key is known for it');
  if (header['alg'] !== key.algorithm) throw invalid('its algorithm is not that of the key');
  const signingInput = Buffer.from(`${jws.protected}.${jws.payload}`, 'latin1');
  if (!signatureMatches(key, signingInput, signature)) throw invalid('its signature is wrong');
  return { header, payload };
}

function decodeHeader(encoded: string): JwsHeader {
  const octets = decodeBase64url(encoded);
  try {
    const header: unknown = JSON.parse(Buffer.from(octets ?? []).toString('utf8'));
    if (typeof header === 'object' && header !== null && !Array.isArray(header)) return header as JwsHeader;
  } catch {
    // The same error as for JSON of another kind.
  }
  throw invalid('its header is not a JSON object');
}

/** Whether a signature in JWS form is that of the key over these octets. */
export function signatureMatches(key: VerificationKey, data: Uint8Array, signature: Uint8Array): boolean {
  switch (key.algorithm) {
    case 'ES256':
    case 'ES384':
      return verify(hashes[key.algorithm], data, { key: key.publicKey, dsaEncoding: 'ieee-p1363' }, signature);
    case 'RS256':
      return verify('sha256', data, key.publicKey, signature);
    case 'EdDSA':
      return verify(null, data, key.publicKey, signature);
    case 'HS256':
    case 'HS384':
    case 'HS512': {
      const expected = mac(key.algorithm, key.secret, data);
      return expected.length === signature.length && timingSafeEqual(expected, signature);
    }
  }
}

const hashes = { ES256: 'sha256', ES384: 'sha384' } as const;

function invalid(problem: string): EverbindError {
  return new EverbindError('ACME_JWS_INVALID', `The signed message cannot be trusted: ${problem}`, { problem });
}
