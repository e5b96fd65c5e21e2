import { createHmac } from 'node:crypto';
import { EverbindError } from '../../errors/error.ts';
import { encodeBase64url } from './base64url.ts';
import type { Jwk } from './jwk.ts';
import type { FlattenedJws } from './jws.ts';

export type MacAlgorithm = 'HS256' | 'HS384' | 'HS512';

/** What a CA gives its customer to bind an ACME account to the customer's account (RFC 8555 section 7.3.4). */
export interface ExternalAccount {
  readonly keyId: string;
  readonly hmacKey: Uint8Array;
  /** HS256 unless the CA says otherwise. */
  readonly algorithm?: MacAlgorithm;
}

/** Less than 128 bits is a typing error, or no key. CAs give 32 octets and more (RFC 7518 section 3.2). */
const SHORTEST_KEY = 16;

/**
 * The octets of a MAC key as CAs print it: base64url or base64, padded or not, blanks around it. `reference` names it.
 * Throws SECRET_INVALID for what is neither, or too short to be a key; the text is not in the error.
 */
export function macKeyOf(reference: string, text: string): Uint8Array {
  const trimmed = text.trim();
  const octets = Buffer.from(/^[A-Za-z0-9+/_-]*={0,2}$/.test(trimmed) ? trimmed : '', 'base64url');
  if (octets.length >= SHORTEST_KEY) return octets;
  const message = `${reference} is no HMAC key: base64url of ${SHORTEST_KEY} octets or more, as the CA gave it`;
  throw new EverbindError('SECRET_INVALID', message, { reference });
}

/** The externalAccountBinding member of a newAccount request: the account's key, signed with the CA's MAC key. */
export function bindExternalAccount(account: ExternalAccount, newAccountUrl: string, jwk: Jwk): FlattenedJws {
  const algorithm = account.algorithm ?? 'HS256';
  const header = encodeBase64url(JSON.stringify({ alg: algorithm, kid: account.keyId, url: newAccountUrl }));
  const payload = encodeBase64url(JSON.stringify(jwk));
  const signature = mac(algorithm, account.hmacKey, Buffer.from(`${header}.${payload}`, 'latin1'));
  return { protected: header, payload, signature: encodeBase64url(signature) };
}

/** HMAC of the octets (RFC 7518 section 3.2). */
export function mac(algorithm: MacAlgorithm, key: Uint8Array, data: Uint8Array): Uint8Array {
  return createHmac(macHash[algorithm], key).update(data).digest();
}

const macHash = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' } as const;
