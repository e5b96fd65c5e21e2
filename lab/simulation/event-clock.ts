import { createHook } from 'node:async_hooks';
import { pbkdf2 } from 'node:crypto';
import { stat } from 'node:fs';
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

/** Turns of the event loop in which nothing may begin before time goes on. */
const QUIET_TURNS = 3;

// With one thread for files, keys and signatures, what ends there ends in the order in which it was begun. Read when
// the first of it begins.
process.env['UV_THREADPOOL_SIZE'] = '1';

/** How much has begun in that thread. */
let begun = 0;
createHook({
  init: (_id, type) => {
    if (type.includes('REQ')) begun += 1;
  },
}).enable();

/**
 * Whether nothing began while all that had begun came to its end, and whoever waited for it had a turn; nor does
 * anybody wait for the machine's time, as commits do that gather.
 */
async function isQuietTurn(): Promise<boolean> {
  const before = begun;
  await new Promise<void>((resolve) => {
    stat('.', () => setImmediate(resolve));
  });
  return begun === before + 1 && !process.getActiveResourcesInfo().includes('Timeout');
}

let isAlone: Promise<void> | null = null;

/** Throws when the thread is not the only one: something had begun before this module came. */
async function checkThread(): Promise<void> {
  const order: string[] = [];
  const slow = new Promise<void>((resolve) => {
    pbkdf2('', '', 20_000, 32, 'sha256', () => {
      order.push('slow');
      resolve();
    });
  });
  await new Promise<void>((resolve) => {
    stat('.', () => {
      order.push('quick');
      resolve();
    });
  });
  await slow;
  if (order[0] !== 'slow') throw new Error('import the clock first: it needs the only thread of the pool');
}

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
      await (isAlone ??= checkThread());
      while (!done) {
        for (let quiet = 0; quiet < QUIET_TURNS && !done; ) quiet = (await isQuietTurn()) ? quiet + 1 : 0;
        const waker = done ? null : first();
        if (waker === null) continue;
        now = Math.max(now, waker.at);
        waker.wake();
      }
      return work;
    },
  };
}
