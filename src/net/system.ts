import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';

/** The longest time that a timer of Node takes; longer sleeps are made of several. */
const maxTimerMs = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    try {
      for (let left = Math.max(ms, 0); left > 0; left -= maxTimerMs) {
        await setTimeout(Math.min(left, maxTimerMs), undefined, signal === undefined ? {} : { signal });
      }
    } catch (error) {
      // Node rejects with an AbortError of its own; the port promises the signal's reason.
      signal?.throwIfAborted();
      throw error;
    }
  },
};

/** Cryptographic randomness of the operating system. */
export const systemRandom: Random = {
  bytes: (count) => new Uint8Array(randomBytes(count)),
  // 48 bits: as many as randomInt has.
  uniform: () => randomInt(2 ** 48 - 1) / (2 ** 48 - 1),
};
