import { createHook } from 'node:async_hooks';
import type { Clock } from '../../src/ports/clock.ts';

/** A clock for programs that wait: whenever all of them do, time goes on to whoever wakes first. */
export interface EventClock extends Clock {
  /** Runs the work; its time is this clock's. */
  drive<T>(work: Promise<T>): Promise<T>;
}

interface Waker {
  readonly at: number;
  wake(): void;
}

/** Turns of the event loop in which nothing may happen before time goes on. */
const QUIET_TURNS = 3;

export function createEventClock(start: number): EventClock {
  let now = start;
  const wakers = new Set<Waker>();

  const alarm = (ms: number, ring: () => void): (() => void) => {
    const waker: Waker = {
      at: now + Math.max(ms, 0),
      wake: () => {
        wakers.delete(waker);
        ring();
      },
    };
    wakers.add(waker);
    return () => void wakers.delete(waker);
  };

  const first = (): Waker | null => {
    let earliest: Waker | null = null;
    for (const waker of wakers) if (earliest === null || waker.at < earliest.at) earliest = waker;
    return earliest;
  };

  return {
    now: () => now,
    alarm,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const abort = (): void => {
          cancel();
          reject(signal?.reason as Error);
        };
        const cancel = alarm(ms, () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        });
        signal?.addEventListener('abort', abort, { once: true });
      }),
    drive: async (work) => {
      let done = false;
      const finish = (): void => {
        done = true;
      };
      work.then(finish, finish);
      while (!done) {
        for (let quiet = 0; quiet < QUIET_TURNS && !done; quiet = isBusy() ? 0 : quiet + 1) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        const waker = done ? null : first();
        if (waker === null) continue;
        now = Math.max(now, waker.at);
        waker.wake();
      }
      return work;
    },
  };
}

/** Work of the system for somebody, such as reading a file or signing: its id, and when it was begun. */
const pending = new Map<number, number>();
/** What runs at once and not in another thread begins like the rest, and its end is not told. */
const LONGEST_MS = 5;

createHook({
  init: (id, type) => {
    if (type.includes('REQ')) pending.set(id, performance.now());
  },
  before: (id) => void pending.delete(id),
}).enable();

function isBusy(): boolean {
  if (process.getActiveResourcesInfo().some((kind) => kind.includes('Req'))) return true;
  const now = performance.now();
  for (const [id, begun] of pending) if (now - begun > LONGEST_MS) pending.delete(id);
  return pending.size > 0;
}
