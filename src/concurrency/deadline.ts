import type { Clock } from '../ports/clock.ts';

/**
 * Calls `ring` once `ms` milliseconds have passed by this clock, unless the function that it returns is called before.
 * Keeps no process alive.
 */
export function alarm(clock: Pick<Clock, 'alarm'>, ms: number, ring: () => void): () => void {
  if (clock.alarm !== undefined) return clock.alarm(ms, ring);
  const timer = setTimeout(ring, ms);
  timer.unref();
  return () => clearTimeout(timer);
}

export interface Deadline {
  readonly clock: Pick<Clock, 'alarm'>;
  /** Milliseconds. */
  readonly ms: number;
  /** Ends the work before its deadline. */
  readonly signal?: AbortSignal | undefined;
  /** What is thrown when the deadline passes. */
  late(): Error;
  /** Whether work that was told to stop failed for another reason, which is worse news and stays; never when absent. */
  readonly keeps?: (error: unknown) => boolean;
}

/**
 * Runs the work with a signal that aborts when its deadline passes. The work is waited for until it has come to rest:
 * what is still under way could write to what the caller does next.
 */
export async function withDeadline<T>(
  { clock, ms, signal, late, keeps = () => false }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const passed = new AbortController();
  const cancel = alarm(clock, ms, () => passed.abort(late()));
  try {
    return await work(signal === undefined ? passed.signal : AbortSignal.any([signal, passed.signal]));
  } catch (error) {
    if (passed.signal.aborted && signal?.aborted !== true && !keeps(error)) throw passed.signal.reason;
    throw error;
  } finally {
    cancel();
  }
}
