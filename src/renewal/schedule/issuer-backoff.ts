import { EverbindError, meaningOf } from '../../errors/error.ts';
import type { FailureMeaning } from '../../errors/failure.ts';

/** After so many failures in a row an issuer is not asked for a while. Fewer may be bad luck. */
export const TOLERATED = 3;
const MINUTE = 60_000;
const FIRST_CLOSED = 5 * MINUTE;
const LONGEST_CLOSED = 60 * MINUTE;

/**
 * How long an issuer is not asked after this many failures in a row; 0: not yet. Five minutes, doubled with each
 * further failure up to an hour, a tenth more or less by `uniform` from [0, 1), so that many servers do not come back
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

/**
 * The deadlines of an attempt, milliseconds. An exchange with a CA has a limit of its own, but a CA that answers each
 * within it can have a thousand of them. What the configuration gives a challenge response to become visible comes on
 * top.
 */

/** From asking one issuer to its certificate. */
export const ISSUER_MS = 30 * MINUTE;
/** Of these, at its staging environment. */
export const STAGING_MS = 10 * MINUTE;
/** Of these, making challenge responses visible. */
export const PRESENTING_MS = 10 * MINUTE;
/** Opening the account with an issuer, which all certificates of a run share. */
export const OPENING_MS = 5 * MINUTE;
/** A look that helps, and that the renewal can do without. */
export const LOOK_MS = MINUTE;
/** What a run tidies up at its issuers in the end. */
export const TIDYING_MS = 5 * MINUTE;
/** Renewal information of all certificates of one issuer, in one run. */
export const POLLING_MS = 5 * MINUTE;

/** RENEWAL_DEADLINE: what was begun took longer than `ms`. The renewal stays as it is, and goes on from there. */
export function overdue(what: string, ms: number, blames: FailureMeaning['blames'] = 'us'): EverbindError {
  const message = `${what} took longer than ${Math.round(ms / 1000)} s`;
  return new EverbindError('RENEWAL_DEADLINE', message, { timeoutMs: ms }, { facts: { meaning: { blames } } });
}

/** Whether work failed for another reason than that it was told to stop. */
export function hasItsOwnReason(error: unknown): boolean {
  return error instanceof EverbindError && meaningOf(error).resume !== 'continue';
}
