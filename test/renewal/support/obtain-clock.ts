import { systemClock } from '../../../src/net/system.ts';
import type { Clock } from '../../../src/ports/clock.ts';

/** A sleep of the program takes this long at most: enough for the CA to get on. */
const LONGEST_SLEEP_MS = 50;

/** The machine's time and a lead that tests set; what the program sleeps is added to it. */
export interface SettableClock extends Clock {
  /** Moves on by so many milliseconds. */
  advance(ms: number): void;
  /** Moves on to this time, milliseconds since 1970. */
  moveTo(time: number): void;
}

export function settableClock(): SettableClock {
  let lead = 0;
  const now = (): number => Date.now() + lead;
  return {
    now,
    sleep: async (ms, signal) => {
      const slept = Math.min(ms, LONGEST_SLEEP_MS);
      await systemClock.sleep(slept, signal);
      // Whole milliseconds, as the port has them.
      lead += Math.ceil(ms - slept);
    },
    advance: (ms) => {
      lead += ms;
    },
    moveTo: (time) => {
      lead += time - now();
    },
  };
}
