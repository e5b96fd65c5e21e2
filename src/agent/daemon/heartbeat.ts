import type { Clock } from '../../ports/clock.ts';

const BEAT_MS = 30_000;

/**
 * Calls `beat`, which notes that this process lives, now and twice a minute while the work goes on, which may take
 * more than an hour. An error of a beat does not stop the work.
 */
export async function withHeartbeat<T>(clock: Clock, beat: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  const beats = (async () => {
    while (!done.signal.aborted) {
      await beat().catch(() => {});
      await clock.sleep(BEAT_MS, done.signal).catch(() => {});
    }
  })();
  try {
    return await work();
  } finally {
    done.abort();
    await beats;
  }
}
