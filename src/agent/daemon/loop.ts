import { asEverbindError, type EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** Between two cycles, whatever the database says: nothing may turn this into a busy loop. Longer each time that a cycle leaves something due. */
const SHORTEST = 5 * SECOND;
const LONGEST_SHORT = 5 * MINUTE;
const LONGEST = 60 * MINUTE;
/** A timer does not count while a machine sleeps, and the clock may be set: the time is looked at this often. */
const TICK = 30 * SECOND;
/** `everbind status` takes ten minutes of silence for the end: one note may be late. */
const ALIVE = 4 * MINUTE;
const FIRST_RETRY = MINUTE;
const LONGEST_RETRY = 15 * MINUTE;

export interface LoopParts {
  readonly clock: Clock;
  /** Ends the loop. */
  readonly signal: AbortSignal;
  /** Does what there is to do; when there will be something again, milliseconds since 1970, or null. */
  cycle(): Promise<number | null>;
  /** Notes when the next cycle is to begin, and why the last one failed: at the begin of each wait, and every four minutes of it. */
  alive(nextWake: number, trouble: EverbindError | null): Promise<void>;
  /** Whether there is a reason to begin before that: another configuration. */
  isWanted(): Promise<boolean>;
  /** A cycle failed as a whole. */
  onTrouble(error: EverbindError, nextWake: number): void;
}

/** Cycles until the signal aborts, and survives whatever a cycle throws. Resolves when it is told to stop. */
export async function runLoop(parts: LoopParts): Promise<void> {
  const { clock, signal } = parts;
  let failures = 0;
  let leftovers = 0;
  while (!signal.aborted) {
    let trouble: EverbindError | null = null;
    let wake: number;
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
    await wait(parts, Math.max(wake, clock.now() + shortest), trouble);
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
        // A full disk or a lock keeps the loop from saying that it lives, and from nothing else. The next tick tries again.
      }
    }
    try {
      await clock.sleep(Math.min(TICK, wake - last), signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    const now = clock.now();
    // Put back: what is due by the new time is looked up again.
    if (now < last - MINUTE) return;
    last = now;
    if (await parts.isWanted().catch(() => false)) return;
  }
}
