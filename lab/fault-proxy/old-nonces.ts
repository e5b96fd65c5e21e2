import type { HttpResponse } from '../../src/ports/transport.ts';
import { withHeader } from './response.ts';

/** Spoils the nonces of responses (RFC 8555 section 6.5). */
export interface OldNonces {
  /** Notes the nonce that a request used. */
  used(body: string): void;
  lose(response: HttpResponse): HttpResponse | null;
  /** With a nonce that was used; null while there is none. */
  repeat(response: HttpResponse): HttpResponse | null;
}

export function createOldNonces(): OldNonces {
  let old: string | null = null;
  const has = ({ headers }: HttpResponse): boolean => headers['replay-nonce'] !== undefined;
  return {
    used: (body) => {
      old = nonceOf(body) ?? old;
    },
    lose: (response) => (has(response) ? withHeader(response, 'replay-nonce', null) : null),
    repeat: (response) => (has(response) && old !== null ? withHeader(response, 'replay-nonce', old) : null),
  };
}

function nonceOf(body: string): string | null {
  try {
    const { protected: header } = JSON.parse(body) as { readonly protected: string };
    const { nonce } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { readonly nonce?: unknown };
    return typeof nonce === 'string' ? nonce : null;
  } catch {
    return null;
  }
}
