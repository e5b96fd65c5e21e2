import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countdown } from '../../../src/concurrency/countdown.ts';
import { createNoncePool } from '../../../src/acme/session/nonce-pool.ts';
import { pollUntil } from '../../../src/acme/session/polling.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { coded } from '../support.ts';

const YEAR = 365 * 86_400_000;

/** A clock that is put back by a year during its `nth` sleep. */
function putBackClock(nth: number): Clock & { readonly slept: number[] } {
  let now = 10 * YEAR;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: async (ms) => {
      slept.push(ms);
      // Who sleeps for days here would stand still for days.
      assert.ok(ms < 3_600_000, `slept ${ms} ms`);
      now += ms - (slept.length === nth ? YEAR : 0);
    },
  };
}

test('a wait for the CA ends in its time though the clock is put back meanwhile', async () => {
  const clock = putBackClock(5);
  let asked = 0;
  await assert.rejects(
    pollUntil(
      { clock, random: { bytes: (count) => new Uint8Array(count), uniform: () => 0 } },
      {
        what: 'order',
        ask: async () => {
          asked += 1;
          assert.ok(asked < 1000, 'it asks for ever');
          return { retryAfterMs: null };
        },
        done: () => false,
        describe: () => ({}),
      },
      { timeoutMs: 60_000 },
    ),
    coded('ACME_WAIT_TIMEOUT'),
  );
});

test('a nonce is asked for in its time though the clock is put back meanwhile', async () => {
  const clock = putBackClock(1);
  let count = 0;
  const pool = createNoncePool(clock, async () => `nonce-${(count += 1)}`);
  await pool.take();
  await Promise.all([pool.take(), pool.take()]);
  assert.equal(count, 3);
});

test('what is left grows never', () => {
  let now = 1000;
  const left = countdown({ now: () => now }, 100);
  const at = (time: number): number => {
    now = time;
    return left();
  };
  assert.deepEqual([at(1030), at(0), at(20), at(1_000_000)], [70, 70, 50, -999_930]);
});
