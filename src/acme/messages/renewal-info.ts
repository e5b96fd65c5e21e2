import { invalidResponse, member, members, timestamp } from './decoding.ts';

/**
 * When a CA wants a certificate renewed (RFC 9773 section 4.2). Times are milliseconds since 1970; start is before end.
 */
export interface RenewalInfo {
  readonly window: { readonly start: number; readonly end: number };
  /** A page with the reason, which the operator SHOULD see. */
  readonly explanationUrl: string | null;
}

/**
 * Throws ACME_RESPONSE_INVALID, also for a window that ends before it starts, which counts as no response (RFC 9773
 * section 4.2).
 */
export function decodeRenewalInfo(value: unknown): RenewalInfo {
  const object = members(value, 'renewalInfo');
  const window = members(member(object, 'suggestedWindow'), 'renewalInfo.suggestedWindow');
  const start = timestamp(member(window, 'start'), 'renewalInfo.suggestedWindow.start');
  const end = timestamp(member(window, 'end'), 'renewalInfo.suggestedWindow.end');
  if (end <= start) throw invalidResponse('renewalInfo.suggestedWindow', 'an end after the start');
  const page = member(object, 'explanationURL');
  const address = typeof page === 'string' && page.length <= 2048 ? URL.parse(page) : null;
  const shown = address !== null && (address.protocol === 'https:' || address.protocol === 'http:');
  return { window: { start, end }, explanationUrl: shown ? address.href : null };
}
