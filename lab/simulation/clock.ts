import type { Clock } from '../../src/ports/clock.ts';

/** A clock that stands until it is moved. */
export interface VirtualClock extends Clock {
  moveTo(time: number): void;
}

/** Nothing in a simulation may wait: who sleeps has found the end of what is simulated. */
export function createClock(start: number): VirtualClock {
  let now = start;
  return {
    now: () => now,
    sleep: () => Promise.reject(new Error('nothing waits in a simulation')),
    moveTo: (time) => {
      if (time < now) throw new Error('the clock of the simulation goes forward');
      now = time;
    },
  };
}
