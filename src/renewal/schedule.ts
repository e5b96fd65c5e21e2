/** Why a certificate is due when it is; stable words. */
export type DueReason = 'new' | 'changed' | 'lifetime' | 'window' | 'revoked' | 'retry' | 'rolled-back';

export interface Due {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason: DueReason;
}

export interface Validity {
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const DAY = 86_400_000;
/** Below this lifetime half of it is left for renewing, above it a third. */
const SHORT = 10 * DAY;
/** Whatever the CA suggests, a certificate is renewed before less than this part of its lifetime is left. */
const EMERGENCY = 1 / 20;

/**
 * When to renew: at the moment drawn in the CA's window where there is one (RFC 9773 section 4.2), else when a third of the lifetime is left,
 * or half of one under ten days. Never later than the last twentieth.
 */
export function dueAt(validity: Validity, selected: number | null): Due {
  const lifetime = validity.notAfter - validity.notBefore;
  const latest = validity.notAfter - lifetime * EMERGENCY;
  if (selected !== null && selected <= latest) return { at: Math.floor(selected), reason: 'window' };
  if (selected !== null) return { at: Math.floor(latest), reason: 'lifetime' };
  const left = lifetime < SHORT ? lifetime / 2 : lifetime / 3;
  return { at: Math.floor(validity.notAfter - left), reason: 'lifetime' };
}

/** A uniform draw in the window; `uniform` is from [0, 1). Drawn once and kept while the window stands. */
export function drawInWindow(window: { readonly start: number; readonly end: number }, uniform: number): number {
  return Math.floor(window.start + uniform * (window.end - window.start));
}

const MINUTE = 60_000;
const STEPS = [MINUTE, 10 * MINUTE, 100 * MINUTE];
/** A CA may ask for patience, but not for ever. */
const LONGEST_WISH = 7 * DAY;

/**
 * How long to wait after the n-th failure in a row (from 1): 1, 10, 100 minutes, then a day, a tenth more or less so that many certificates
 * do not come back at once; never sooner than the CA asked.
 */
export function backoffMs(failures: number, uniform: number, retryAfterMs: number | null): number {
  const base = STEPS[failures - 1] ?? DAY;
  const jittered = base * (0.9 + 0.2 * uniform);
  return Math.ceil(Math.max(jittered, Math.min(retryAfterMs ?? 0, LONGEST_WISH)));
}

const POLL_LEAST = MINUTE;
const POLL_MOST = DAY;
const POLL_USUAL = 6 * 3_600_000;

/** How long to leave the CA alone before the window is asked for again; Retry-After is obeyed within bounds (RFC 9773 section 4.3). */
export function pollAfterMs(retryAfterMs: number | null): number {
  return retryAfterMs === null ? POLL_USUAL : Math.min(Math.max(retryAfterMs, POLL_LEAST), POLL_MOST);
}
