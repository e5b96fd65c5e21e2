import type { Clock } from '../ports/clock.ts';

/**
 * Counts down from `ms` milliseconds; each call returns how many are left. A clock that is put forward may end it at
 * once; one that is put back never makes it longer.
 */
export function countdown(clock: Pick<Clock, 'now'>, ms: number): () => number {
  let left = ms;
  let last = clock.now();
  return () => {
    const now = clock.now();
    left -= Math.max(now - last, 0);
    last = now;
    return left;
  };
}
