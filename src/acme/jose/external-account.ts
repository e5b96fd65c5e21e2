import { createHmac } from 'node:crypto';
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
