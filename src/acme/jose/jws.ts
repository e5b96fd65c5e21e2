import type { Signer } from '../../ports/signer.ts';
import { encodeBase64url } from './base64url.ts';
import type { Jwk } from './jwk.ts';

/** Flattened JSON serialization without unprotected header: the only form ACME has (RFC 8555 section 6.2). */
export interface FlattenedJws {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

export interface ProtectedHeader {
  /** Left out in the inner JWS of a key change. */
  readonly nonce?: string;
  readonly url: string;
  /** How the CA finds the key: the account's address, or the key itself. */
  readonly key: { readonly kid: string } | { readonly jwk: Jwk };
}

/**
 * Signs a request. The payload is JSON, or '' for POST-as-GET (RFC 8555 section 6.3). Throws what the signer throws.
 */
export async function signJws(message: {
  readonly signer: Signer;
  readonly header: ProtectedHeader;
  readonly payload: object | '';
}): Promise<FlattenedJws> {
  const { signer, header } = message;
  const { nonce, url } = header;
  const encodedHeader = encodeBase64url(
    JSON.stringify({ alg: signer.algorithm, ...header.key, ...(nonce === undefined ? {} : { nonce }), url }),
  );
  const payload = message.payload === '' ? '' : encodeBase64url(JSON.stringify(message.payload));
  const signature = await signer.sign(Buffer.from(`${encodedHeader}.${payload}`, 'latin1'));
  return { protected: encodedHeader, payload, signature: encodeBase64url(signature) };
}
