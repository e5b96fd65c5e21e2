import { unlessAborted } from '../concurrency/unless-aborted.ts';
import type { Clock } from '../ports/clock.ts';

export interface Expiring<T> {
  readonly value: T;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** A value is not used in its last minute: a request takes time, and clocks differ. */
const marginMs = 60_000;

/**
 * Fetches a token when it is first needed and again before it expires; kept in memory only. Callers that need one at
 * the same time wait for the same request, until their own signal is aborted.
 */
export function cached<T>(clock: Clock, fetch: () => Promise<Expiring<T>>): (signal?: AbortSignal) => Promise<T> {
  let last: Expiring<T> | null = null;
  let fetching: Promise<Expiring<T>> | null = null;
  return async (signal) => {
    signal?.throwIfAborted();
    if (last === null || last.expiresAt - marginMs <= clock.now()) {
      // Not with the signal of whoever comes first: the others do not stop when that one does.
      fetching ??= fetch().finally(() => (fetching = null));
      last = await unlessAborted(fetching, signal);
    }
    return last.value;
  };
}
