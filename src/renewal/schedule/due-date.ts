export const DUE_REASONS = [
  'new',
  'changed',
  'lifetime',
  'ari-window',
  'revoked',
  'retry',
  'requested',
  'rolled-back',
  'redeploy',
  'maintenance',
  'rate-limit',
] as const;

/**
 * Why a certificate is due when it is; stable words. `requested`: a person asked for a renewal or a roll-back before
 * its time, and it is not finished. `rolled-back`: a person went back to this certificate. `redeploy`: the certificate in
 * use is to be deployed again, without an order. `maintenance`: moved to when
 * changes are welcome. `retry`: the last attempt failed. `rate-limit`: moved to when the limits of an issuer have room.
 */
export type DueReason = (typeof DUE_REASONS)[number];

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

export interface Dated extends Validity {
  /** SHA-1 of the certificate, hex. */
  readonly thumbprint: string;
}

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
/** Below this lifetime half of it is left for renewing, above it a third. */
const SHORT = 10 * DAY;
/** To either side, as a part of the lifetime; as wide as the windows that Let's Encrypt suggests. */
const SPREAD = 1 / 100;
/** Whatever the CA suggests, a certificate is renewed before less than this part of its lifetime is left. */
export const EMERGENCY = 1 / 20;

/**
 * When to renew: at the moment drawn in the CA's window where there is one (RFC 9773 section 4.2), else about when a
 * third of the lifetime is left, or half of one under ten days. Never later than the last twentieth. What was issued in
 * one night does not come back in one: the certificate's own draw spreads it over a fiftieth of the lifetime.
 */
export function dueAt(validity: Dated, selected: number | null): Due {
  const lifetime = validity.notAfter - validity.notBefore;
  const latest = validity.notAfter - lifetime * EMERGENCY;
  if (selected !== null && selected <= latest) return { at: Math.floor(selected), reason: 'ari-window' };
  if (selected !== null) return { at: Math.floor(latest), reason: 'lifetime' };
  const middle = validity.notAfter - (lifetime < SHORT ? lifetime / 2 : lifetime / 3);
  const window = { start: middle - lifetime * SPREAD, end: middle + lifetime * SPREAD };
  return { at: drawInWindow(window, drawOf(validity)), reason: 'lifetime' };
}

/**
 * Between two renewals in a row: a window in the past is about one certificate, not about its successor, and a clock
 * may be weeks ahead.
 */
const LEAST_USE = 6 * HOUR;

/**
 * The same for a certificate or a window that is new. `before`: what was issued before it, null for nothing. Where the
 * CA's windows are always in the past, or so is by our clock the last third of each lifetime, each new certificate
 * would otherwise be replaced at once by the next one, without end.
 */
export function dueAfterUse(
  certificate: Dated & { readonly issuedAt: number },
  selected: number | null,
  before: { readonly issuedAt: number } | null,
): Due {
  const due = dueAt(certificate, selected);
  const { issuedAt, notBefore, notAfter } = certificate;
  const least = Math.min(LEAST_USE, (notAfter - notBefore) * EMERGENCY);
  // Twice: after one such wait the next one is as long.
  const inARow = before !== null && issuedAt - before.issuedAt < 2 * least;
  return inARow ? { ...due, at: Math.max(due.at, Math.floor(issuedAt + least)) } : due;
}

/**
 * From [0, 1), the same whenever it is asked for: the thumbprint is a hash of what the CA made unpredictable, so that
 * it needs neither a draw nor a place to keep one.
 */
function drawOf({ thumbprint }: Dated): number {
  return Number.parseInt(thumbprint.slice(0, 12), 16) / 2 ** 48;
}

/** After a person went back to this certificate: there is a day to look into it, unless it expires before that. */
export function dueAfterRollBack(validity: Dated, now: number): Due {
  const { at } = dueAt(validity, null);
  return { at: Math.max(at, Math.min(now + DAY, validity.notAfter - HOUR)), reason: 'rolled-back' };
}

/** A uniform draw in the window; `uniform` is from [0, 1). Drawn once and kept while the window stands. */
export function drawInWindow(window: { readonly start: number; readonly end: number }, uniform: number): number {
  return Math.floor(window.start + uniform * (window.end - window.start));
}

const STEPS = [MINUTE, 4 * MINUTE, 16 * MINUTE, HOUR, 3 * HOUR];
const LONGEST_STEP = 6 * HOUR;
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
 * How long to wait after a failure: 1, 4, 16 minutes, 1, 3, then every 6 hours, a tenth more or less so that many
 * certificates do not come back at once. Sooner when a certificate is about to expire, down to ten minutes, so that
 * several attempts are left; never sooner than the CA asked, which is obeyed for a week, and up to a tenth later.
 */
export function backoffMs({ failures, uniform, retryAfterMs, remainingMs }: Attempt): number {
  const base = STEPS[failures - 1] ?? LONGEST_STEP;
  const hurried = remainingMs !== null && remainingMs > 0 ? Math.max(HURRIED, remainingMs / 4) : LONGEST_STEP;
  const jittered = Math.min(base, hurried) * (0.9 + 0.2 * uniform);
  return Math.ceil(Math.max(jittered, Math.min(retryAfterMs ?? 0, LONGEST_WISH) * (1 + uniform / 10)));
}

const POLL_USUAL = 6 * HOUR;
/** Until a CA that knows no windows is asked again; it is also asked after each renewal. */
export const POLL_WITHOUT_WINDOWS_MS = 7 * DAY;

/**
 * How long to wait before the CA is asked for the ARI window again; Retry-After is obeyed within bounds (RFC 9773
 * section 4.3).
 */
export function pollAfterMs(retryAfterMs: number | null): number {
  return retryAfterMs === null ? POLL_USUAL : Math.min(Math.max(retryAfterMs, MINUTE), DAY);
}
