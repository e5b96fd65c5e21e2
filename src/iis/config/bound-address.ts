import { canonicalHost } from '../../pki/x509/names.ts';

/** Whether a binding to it is one to every address, of one family or of both. */
export function isWildcard(address: string): boolean {
  return address === '*' || address === '0.0.0.0' || address === '::';
}

/** `fe80::1` for `fe80::1%4`: bindings, records and interfaces do not agree on zones. */
export function withoutZone(address: string): string {
  return address.split('%')[0] ?? '';
}

/**
 * Whether a machine with these addresses (RFC 5952, without zone) is reached at the address of a binding. All of
 * 127.0.0.0/8 is its own; `::` and `::1` are where it has IPv6 at all.
 */
export function hasAddress(own: readonly string[], address: string): boolean {
  if (address === '*' || address === '0.0.0.0' || address.startsWith('127.')) return true;
  if (address === '::' || address === '::1') return own.some((candidate) => candidate.includes(':'));
  return own.includes(canonicalHost(withoutZone(address)));
}
