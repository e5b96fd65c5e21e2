import { asEverbindError, type EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/**
 * The least pause after a cycle, whatever the database says, so that this never becomes a busy loop. The least time
 * from the begin of one to that of the next grows with each cycle that leaves something due.
 */
const SHORTEST = 5 * SECOND;
const LONGEST_SHORT = 5 * MINUTE;
const LONGEST = 60 * MINUTE;
/** Timers stand still while a machine sleeps, and the clock may be set: the loop looks at the time this often. */
const TICK = 30 * SECOND;
/** `everbind status` takes ten minutes of silence for the end, so one note may be missed. */
const ALIVE = 4 * MINUTE;
const FIRST_RETRY = MINUTE;
const LONGEST_RETRY = 15 * MINUTE;

export interface LoopParts {
  readonly clock: Clock;
  /** Ends the loop. */
  readonly signal: AbortSignal;
  /** Does everything that is due. Resolves with the time of the next work, milliseconds since 1970; null: none. */
  cycle(): Promise<number | null>;
  /**
   * Notes when the next cycle begins and why the last one failed: at the start of each wait, then every four minutes.
   */
  alive(nextWake: number, trouble: EverbindError | null): Promise<void>;
  /** Whether to begin earlier: the configuration has changed. */
  isWanted(): Promise<boolean>;
  /** Called when a cycle failed as a whole. */
  onTrouble(error: EverbindError, nextWake: number): void;
}

/** Runs cycles until the signal aborts, whatever a cycle throws. Resolves when it is told to stop. */
export async function runLoop(parts: LoopParts): Promise<void> {
  const { clock, signal } = parts;
  let failures = 0;
  let leftovers = 0;
  while (!signal.aborted) {
    let trouble: EverbindError | null = null;
    let wake: number;
    const begun = clock.now();
    try {
      const next = await parts.cycle();
      failures = 0;
      leftovers = next !== null && next <= clock.now() ? leftovers + 1 : 0;
      wake = Math.min(next ?? Number.MAX_SAFE_INTEGER, clock.now() + LONGEST);
    } catch (error) {
      if (signal.aborted) return;
      trouble = asEverbindError(error);
      wake = clock.now() + Math.min(FIRST_RETRY * 2 ** Math.min(failures, 10), LONGEST_RETRY);
      failures += 1;
      parts.onTrouble(trouble, wake);
    }
    const shortest = Math.min(SHORTEST * 2 ** Math.min(Math.max(leftovers - 1, 0), 10), LONGEST_SHORT);
    await wait(parts, Math.max(wake, begun + shortest, clock.now() + SHORTEST), trouble);
  }
}

async function wait(parts: LoopParts, wake: number, trouble: EverbindError | null): Promise<void> {
  const { clock, signal } = parts;
  let last = clock.now();
  let noteAt = last;
  while (last < wake) {
    if (last >= noteAt) {
      try {
        await parts.alive(wake, trouble);
        noteAt = last + ALIVE;
      } catch {
        // A full disk or a lock stops nothing else. The next tick tries again.
      }
    }
    try {
      await clock.sleep(Math.min(TICK, wake - last), signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    const now = clock.now();
    // The clock was put back: the next cycle looks up what is due by the new time.
    if (now < last - MINUTE) return;
    last = now;
    if (await parts.isWanted().catch(() => false)) return;
  }
}
