import type { Clock } from '../ports/clock.ts';

export interface Expiring<T> {
  readonly value: T;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** A value is not used in its last minute: a request takes time, and clocks differ. */
const marginMs = 60_000;

/** Fetches a token when it is first needed and again before it expires; kept in memory only. */
export function cached<T>(
  clock: Clock,
  fetch: (signal?: AbortSignal) => Promise<Expiring<T>>,
): (signal?: AbortSignal) => Promise<T> {
  let last: Expiring<T> | null = null;
  return async (signal) => {
    if (last === null || last.expiresAt - marginMs <= clock.now()) last = await fetch(signal);
    return last.value;
  };
}
