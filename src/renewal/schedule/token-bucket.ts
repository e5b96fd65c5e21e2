import type { Limit } from '../../ports/limits.ts';

// A bucket is one moment: when it would be full again if nothing more were taken. A bucket that is full needs no
// memory.

/** How long one token takes to come back; whole milliseconds, rounded to the CA's side. */
export function refillMs({ count, hours }: Limit): number {
  return Math.ceil((hours * 3_600_000) / count);
}

/** When the bucket is full again after one token more was taken at `now`. */
export function afterSpending(limit: Limit, fullAt: number, now: number): number {
  return Math.max(fullAt, now) + refillMs(limit);
}

/** After one token was put back. */
export function afterGivingBack(limit: Limit, fullAt: number): number {
  return fullAt - refillMs(limit);
}

/** Tokens that are there at `now`. */
export function tokensLeft(limit: Limit, fullAt: number, now: number): number {
  return Math.max(0, limit.count - Math.ceil(Math.max(0, fullAt - now) / refillMs(limit)));
}

/** From when on there is a token, beside those that are kept. */
export function roomAt(limit: Limit, fullAt: number, kept: number): number {
  return fullAt - (limit.count - 1 - kept) * refillMs(limit);
}

/**
 * What routine leaves for certificates about to expire and for revoked ones: a tenth, one at least, never all. They may
 * come when everything else has been renewed already.
 */
export function reserveOf({ count }: Limit): number {
  return Math.min(Math.max(1, Math.floor(count / 10)), count - 1);
}

/** Whether a bucket is worth a look: no more than twice the reserve is left. */
export function isNearlySpent(limit: Limit, fullAt: number, now: number): boolean {
  return tokensLeft(limit, fullAt, now) <= 2 * reserveOf(limit);
}

/**
 * The clock was put back behind the moment when the bucket was noted: what was missing then is missing still, from now
 * on. Without this a bucket of next year would keep everything from being renewed until then.
 */
export function afterClockPutBack(fullAt: number, notedAt: number, now: number): number {
  return notedAt > now ? now + (fullAt - notedAt) : fullAt;
}

/** The queue of those that wait for a bucket: each has a token's time for itself. */
export interface QueuePlace {
  /** When the one that waits may come. */
  readonly at: number;
  /** When the next one may. */
  readonly next: number;
}

/**
 * The place of one more in the queue: after the last one that was promised, somewhere in the time of its token by
 * `uniform` from [0, 1), so that thousands that wait are not all there when the first token is. Past one whole refill
 * the queue says nothing useful any more: then anywhere in that.
 */
export function queuePlace(limit: Limit, room: number, promisedAt: number, uniform: number): QueuePlace {
  const refill = refillMs(limit);
  const start = Math.max(room, promisedAt);
  const end = room + limit.count * refill;
  if (start >= end) return { at: room + Math.floor(uniform * (end - room)), next: start };
  return { at: start + Math.floor(uniform * refill), next: start + refill };
}

/**
 * From this part of the lifetime on a certificate may take what routine leaves; twice what no renewal is planned into.
 */
const URGENT = 1 / 10;

/** From when on a certificate is in a hurry. */
export function urgentFrom({ notBefore, notAfter }: { readonly notBefore: number; readonly notAfter: number }): number {
  return Math.floor(notAfter - (notAfter - notBefore) * URGENT);
}
