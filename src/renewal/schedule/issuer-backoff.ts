/** After so many failures in a row an issuer is not asked for a while. Fewer may be bad luck. */
const TOLERATED = 3;
const MINUTE = 60_000;
const FIRST_CLOSED = 5 * MINUTE;
const LONGEST_CLOSED = 6 * 60 * MINUTE;

/**
 * How long an issuer is not asked after this many failures in a row; 0: not yet. Five minutes, doubled with each
 * further failure up to six hours, a tenth more or less by `uniform` from [0, 1), so that many servers do not come back
 * at once.
 */
export function closedForMs(failures: number, uniform: number): number {
  if (failures < TOLERATED) return 0;
  const base = Math.min(FIRST_CLOSED * 2 ** Math.min(failures - TOLERATED, 16), LONGEST_CLOSED);
  return Math.ceil(base * (0.9 + 0.2 * uniform));
}

const DAY = 24 * 60 * MINUTE;

/** How long an issuer that refuses a certificate is not asked for it: a day, or what it says itself up to a week. */
export function refusedForMs(retryAfterMs: number | null): number {
  return retryAfterMs === null ? DAY : Math.min(Math.max(retryAfterMs, MINUTE), 7 * DAY);
}
