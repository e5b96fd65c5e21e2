/**
 * Why a certificate is due when it is; stable words. `requested`: a person asked for a renewal or a roll-back before its time, and it is not
 * finished. `rolled-back`: a person went back to this certificate. `maintenance`: moved to when changes are
 * welcome. `retry`: the last attempt failed.
 */
export type DueReason =
  | 'new'
  | 'changed'
  | 'lifetime'
  | 'window'
  | 'revoked'
  | 'retry'
  | 'requested'
  | 'rolled-back'
  | 'maintenance';

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

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
/** Below this lifetime half of it is left for renewing, above it a third. */
const SHORT = 10 * DAY;
/** Whatever the CA suggests, a certificate is renewed before less than this part of its lifetime is left. */
export const EMERGENCY = 1 / 20;

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

/** After a person went back to this certificate: there is a day to look into it, unless it expires before that. */
export function dueAfterRollBack(validity: Validity, now: number): Due {
  const { at } = dueAt(validity, null);
  return { at: Math.max(at, Math.min(now + DAY, validity.notAfter - HOUR)), reason: 'rolled-back' };
}

/** A uniform draw in the window; `uniform` is from [0, 1). Drawn once and kept while the window stands. */
export function drawInWindow(window: { readonly start: number; readonly end: number }, uniform: number): number {
  return Math.floor(window.start + uniform * (window.end - window.start));
}

const STEPS = [MINUTE, 10 * MINUTE, 100 * MINUTE];
/** A CA may ask for patience, but not for ever. */
const LONGEST_WISH = 7 * DAY;
const HURRIED = 10 * MINUTE;

export interface Attempt {
  /** How many attempts in a row have failed, this one included. */
  readonly failures: number;
  /** A draw from [0, 1). */
  readonly uniform: number;
  /** What the CA asked for. */
  readonly retryAfterMs: number | null;
  /** Until the certificate in use expires; null or less than nothing when there is none that has not. */
  readonly remainingMs: number | null;
}

/**
 * How long to wait after a failure: 1, 10, 100 minutes, then a day, a tenth more or less so that many certificates do not come back at once.
 * Sooner when a certificate is about to expire, down to ten minutes, so that several attempts are left; never sooner than the CA asked, which
 * is obeyed for a week.
 */
export function backoffMs({ failures, uniform, retryAfterMs, remainingMs }: Attempt): number {
  const base = STEPS[failures - 1] ?? DAY;
  const hurried = remainingMs !== null && remainingMs > 0 ? Math.max(HURRIED, remainingMs / 4) : DAY;
  const jittered = Math.min(base, hurried) * (0.9 + 0.2 * uniform);
  return Math.ceil(Math.max(jittered, Math.min(retryAfterMs ?? 0, LONGEST_WISH)));
}

const POLL_USUAL = 6 * HOUR;

/** How long to leave the CA alone before the window is asked for again; Retry-After is obeyed within bounds (RFC 9773 section 4.3). */
export function pollAfterMs(retryAfterMs: number | null): number {
  return retryAfterMs === null ? POLL_USUAL : Math.min(Math.max(retryAfterMs, MINUTE), DAY);
}
