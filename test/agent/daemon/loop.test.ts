import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runLoop } from '../../../src/agent/daemon/loop.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import type { Clock } from '../../../src/ports/clock.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A loop whose time passes as it sleeps; it ends after so many cycles. */
async function play(options: {
  readonly cycles: number;
  readonly cycle: (nth: number, now: number) => number | null;
  readonly onSleep?: (now: number, set: (time: number) => void) => void;
  readonly wanted?: (now: number) => boolean;
  readonly alive?: () => Promise<void>;
}): Promise<{
  readonly begun: readonly number[];
  readonly troubles: readonly string[];
  readonly notes: readonly number[];
}> {
  const stop = new AbortController();
  let now = 0;
  const begun: number[] = [];
  const troubles: string[] = [];
  const notes: number[] = [];
  const clock: Clock = {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
      options.onSleep?.(now, (time) => {
        now = time;
      });
    },
  };
  await runLoop({
    clock,
    signal: stop.signal,
    cycle: async () => {
      begun.push(now);
      if (begun.length === options.cycles) stop.abort(new EverbindError('CLI_INTERRUPTED', 'enough'));
      return options.cycle(begun.length, now);
    },
    alive: async () => {
      notes.push(now);
      await options.alive?.();
    },
    isWanted: async () => options.wanted?.(now) ?? false,
    onTrouble: ({ code }) => troubles.push(code),
  });
  return { begun, troubles, notes };
}

describe('the loop of everbind run', () => {
  it('begins again when something is due, within an hour in any case, never at once', async () => {
    const { begun } = await play({
      cycles: 4,
      cycle: (nth, now) => [now + 10 * MINUTE, null, now - 5 * MINUTE, null][nth - 1] ?? null,
    });
    assert.deepEqual(begun, [0, 10 * MINUTE, 70 * MINUTE, 70 * MINUTE + 5 * SECOND]);
  });

  it('notes that it lives at the begin of each wait and every four minutes of it, so that the database is seldom opened', async () => {
    const { notes } = await play({ cycles: 3, cycle: (nth, now) => now + nth * 10 * MINUTE });
    assert.deepEqual(
      notes.map((at) => at / MINUTE),
      [0, 4, 8, 10, 14, 18, 22, 26, 30],
    );
  });

  it('tries at the next tick what it could not note', async () => {
    let failing = 3;
    const { notes } = await play({
      cycles: 2,
      cycle: (_, now) => now + 6 * MINUTE,
      alive: async () => {
        if (failing-- > 0) throw new EverbindError('STORE_BUSY', 'locked');
      },
    });
    assert.deepEqual(
      notes.map((at) => at / SECOND),
      [0, 30, 60, 90, 90 + 240, 360],
    );
  });

  it('begins less and less often while every cycle leaves something due, and at once again after one that does not', async () => {
    const { begun } = await play({
      cycles: 12,
      cycle: (nth, now) => (nth === 10 ? now + MINUTE : now - MINUTE),
    });
    const pauses = begun.slice(1).map((at, index) => (at - (begun[index] ?? 0)) / SECOND);
    assert.deepEqual(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300, 60, 5]);
  });

  it('survives whatever a cycle throws, with longer and longer pauses, and starts afresh after one that works', async () => {
    const { begun, troubles } = await play({
      cycles: 9,
      cycle: (nth, now) => {
        if (nth === 7) return now + MINUTE;
        throw nth % 2 === 0 ? new Error('a defect') : new EverbindError('STORE_FULL', 'no room');
      },
    });
    const pauses = begun.slice(1).map((at, index) => (at - (begun[index] ?? 0)) / MINUTE);
    assert.deepEqual(pauses, [1, 2, 4, 8, 15, 15, 1, 1]);
    assert.deepEqual(troubles.slice(0, 2), ['STORE_FULL', 'INTERNAL']);
  });

  it('looks again when the clock is put back, and soon after a machine wakes up', async () => {
    let put = false;
    const back = await play({
      cycles: 2,
      cycle: (_, now) => now + 50 * MINUTE,
      onSleep: (now, set) => {
        if (put || now < 20 * MINUTE) return;
        put = true;
        set(now - 10 * MINUTE);
      },
    });
    assert.ok((back.begun[1] ?? 0) < 21 * MINUTE);
    // Three days pass within one tick.
    let slept = false;
    const woken = await play({
      cycles: 2,
      cycle: (_, now) => now + 50 * MINUTE,
      onSleep: (now, set) => {
        if (!slept) set(now + 3 * 24 * 60 * MINUTE);
        slept = true;
      },
    });
    assert.equal(woken.begun[1], 3 * 24 * 60 * MINUTE + 30 * SECOND);
  });

  it('begins at once when the configuration is another one', async () => {
    const { begun } = await play({ cycles: 2, cycle: () => null, wanted: (now) => now >= 7 * MINUTE });
    assert.equal(begun[1], 7 * MINUTE);
  });

  it('goes on when it cannot even note that it lives', async () => {
    const { begun } = await play({
      cycles: 3,
      cycle: (_, now) => now + MINUTE,
      alive: () => Promise.reject(new EverbindError('STORE_FULL', 'no room')),
    });
    assert.equal(begun.length, 3);
  });
});
