import type { Clock } from '../../ports/clock.ts';

/** As often as between cycles. */
const BEAT_MS = 30_000;

/** Has `beat` say that we live, now and again and again while the work goes on, which may take hours. What a beat throws keeps nobody from the work. */
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
