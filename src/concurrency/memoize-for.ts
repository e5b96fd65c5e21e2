import type { Clock } from '../ports/clock.ts';

/** Reads at most once in `ageMs` milliseconds, for any number of callers. A failure is not kept. */
export function memoizeFor<T>(ageMs: number, clock: Pick<Clock, 'now'>, read: () => Promise<T>): () => Promise<T> {
  let until = 0;
  let value: Promise<T> | null = null;
  return () => {
    if (value !== null && clock.now() < until) return value;
    const reading = read();
    value = reading;
    until = clock.now() + ageMs;
    reading.catch(() => {
      if (value === reading) value = null;
    });
    return reading;
  };
}
