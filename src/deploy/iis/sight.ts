import type { Endpoint } from '../../ports/windows-host.ts';

/**
 * What one handshake came to: the thumbprint of the leaf (lower case), or the code of the failure with the word of the
 * system or of OpenSSL for it.
 */
export type Sight =
  | { readonly kind: 'served'; readonly thumbprint: string }
  | { readonly kind: 'failed'; readonly code: string; readonly reason: string | null };

/** What endpoints showed before the change, by sightKey. An endpoint that nobody could look at is not in it. */
export type Sights = ReadonlyMap<string, Sight>;

/** `place` as placeText writes it; `host` as it was sent. */
export function sightKey(place: string, host: string): string {
  return `${place} ${host}`;
}

/** `192.0.2.1:443`, `[::1]:443`. */
export function placeText({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * Whether two handshakes failed in the same way. How a connection ends, with a reset, a broken pipe or without a word,
 * is chance: it depends on what was under way.
 */
export function sameFailure(left: Sight, right: Sight): boolean {
  if (left.kind !== 'failed' || right.kind !== 'failed') return false;
  return left.code === right.code && manner(left.reason) === manner(right.reason);
}

function manner(reason: string | null): string {
  return reason === null || ['ECONNRESET', 'ECONNABORTED', 'EPIPE'].includes(reason) ? 'ended' : reason;
}
