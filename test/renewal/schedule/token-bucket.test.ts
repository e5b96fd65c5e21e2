import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Limit } from '../../../src/ports/limits.ts';
import {
  afterClockPutBack,
  afterGivingBack,
  afterSpending,
  isNearlySpent,
  queuePlace,
  refillMs,
  reserveOf,
  roomAt,
  tokensLeft,
} from '../../../src/renewal/schedule/token-bucket.ts';

const HOUR = 3_600_000;

const anyLimit: fc.Arbitrary<Limit> = fc.record({
  count: fc.integer({ min: 1, max: 60 }),
  hours: fc.integer({ min: 1, max: 1000 }),
});
const anyStart = fc.integer({ min: Date.UTC(2025), max: Date.UTC(2050) });
/** Pauses between wishes, in parts of a refill: bursts, and long silences. */
const anyPauses = fc.array(
  fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3, noNaN: true }), fc.integer({ min: 0, max: 90 })),
  {
    maxLength: 150,
  },
);
const anyUniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** When each of these wishes is granted, if nobody takes what is kept. */
function granted(limit: Limit, kept: number, start: number, pauses: readonly number[]): readonly number[] {
  const times: number[] = [];
  let now = start;
  let fullAt = start;
  for (const pause of pauses) {
    now += Math.floor(pause * refillMs(limit));
    if (roomAt(limit, fullAt, kept) > now) continue;
    fullAt = afterSpending(limit, fullAt, now);
    times.push(now);
  }
  return times;
}

describe('a bucket of tokens', () => {
  it('never grants more than the limit in any stretch of time: what it holds, and what came back meanwhile', () => {
    fc.assert(
      fc.property(anyLimit, anyStart, anyPauses, fc.nat(), (limit, start, pauses, seed) => {
        const kept = seed % limit.count;
        const times = granted(limit, kept, start, pauses);
        for (const [first, from] of times.entries()) {
          for (let last = first; last < times.length; last += 1) {
            const back = Math.floor(((times[last] ?? 0) - from) / ((limit.hours * HOUR) / limit.count));
            assert.ok(last - first + 1 <= limit.count - kept + back);
          }
        }
      }),
    );
  });

  it('is never refused by a CA that counts the same limit its own way, and grants all that the CA would but what it keeps', () => {
    fc.assert(
      fc.property(anyLimit, anyStart, anyPauses, (limit, start, pauses) => {
        const times = granted(limit, 0, start, pauses);
        // The CA counts fractions of tokens as they come back.
        let tokens = limit.count;
        let before = start;
        let index = 0;
        let now = start;
        for (const pause of pauses) {
          now += Math.floor(pause * refillMs(limit));
          tokens = Math.min(limit.count, tokens + ((now - before) * limit.count) / (limit.hours * HOUR));
          before = now;
          const isGranted = times[index] === now;
          if (isGranted) {
            assert.ok(tokens >= 1 - 1e-6, `${tokens} tokens`);
            tokens -= 1;
            index += 1;
          } else {
            // Up to rounding to whole milliseconds.
            assert.ok(tokens < 1 + 1e-3, `${tokens} tokens and nothing granted`);
          }
        }
        assert.equal(index, times.length);
      }),
    );
  });

  it('by example: 300 orders in 3 hours, one more every 36 seconds', () => {
    const limit = { count: 300, hours: 3 };
    assert.equal(refillMs(limit), 36_000);
    let fullAt = 0;
    for (let index = 0; index < 300; index += 1) {
      assert.ok(roomAt(limit, fullAt, 0) <= 0);
      assert.equal(tokensLeft(limit, fullAt, 0), 300 - index);
      fullAt = afterSpending(limit, fullAt, 0);
    }
    assert.equal(roomAt(limit, fullAt, 0), 36_000);
    assert.equal(tokensLeft(limit, fullAt, 36_000), 1);
    assert.equal(fullAt, 3 * HOUR);
    assert.equal(reserveOf(limit), 30);
    assert.equal(roomAt(limit, fullAt, 30), 31 * 36_000);
  });

  it('has room for one from the moment on that it names, and not before', () => {
    fc.assert(
      fc.property(anyLimit, anyStart, fc.integer({ min: 1, max: 60 }), (limit, now, taken) => {
        let fullAt = now;
        for (let index = 0; index < Math.min(taken, limit.count); index += 1)
          fullAt = afterSpending(limit, fullAt, now);
        for (const kept of [0, reserveOf(limit)]) {
          const room = roomAt(limit, fullAt, kept);
          assert.ok(tokensLeft(limit, fullAt, Math.max(now, room)) >= kept + 1);
          if (room > now) assert.ok(tokensLeft(limit, fullAt, room - 1) < kept + 1);
        }
        assert.equal(afterGivingBack(limit, afterSpending(limit, fullAt, now)), fullAt);
        assert.equal(tokensLeft(limit, fullAt, fullAt), limit.count);
      }),
    );
  });

  it('keeps a tenth for emergencies, one at least, never all; nearly spent is when twice that is left', () => {
    assert.deepEqual(
      [1, 2, 5, 10, 50, 300].map((count) => reserveOf({ count, hours: 1 })),
      [0, 1, 1, 1, 5, 30],
    );
    const limit = { count: 50, hours: 50 };
    assert.equal(isNearlySpent(limit, 40 * HOUR, 0), true);
    assert.equal(isNearlySpent(limit, 39 * HOUR, 0), false);
  });

  it('loses nothing and blocks nothing when the clock is put back: what was missing is missing still', () => {
    fc.assert(
      fc.property(
        anyLimit,
        anyStart,
        anyPauses,
        fc.integer({ min: 1, max: 3650 * 24 * HOUR }),
        (limit, start, pauses, back) => {
          const times = granted(limit, 0, start, pauses);
          let fullAt = start;
          for (const time of times) fullAt = afterSpending(limit, fullAt, time);
          const notedAt = times.at(-1) ?? start;
          const now = notedAt - back;
          const seen = afterClockPutBack(fullAt, notedAt, now);
          assert.equal(tokensLeft(limit, seen, now), tokensLeft(limit, fullAt, notedAt));
          assert.ok(seen <= now + limit.count * refillMs(limit));
          assert.equal(afterClockPutBack(fullAt, notedAt, notedAt), fullAt);
        },
      ),
    );
  });
});

describe('the queue for a bucket', () => {
  it('gives each of those that wait the time of one token, within one whole refill', () => {
    fc.assert(
      fc.property(anyLimit, anyStart, fc.array(anyUniform, { minLength: 1, maxLength: 200 }), (limit, room, draws) => {
        const refill = refillMs(limit);
        const end = room + limit.count * refill;
        let promised = 0;
        for (const [index, uniform] of draws.entries()) {
          const { at, next } = queuePlace(limit, room, promised, uniform);
          assert.ok(Number.isSafeInteger(at) && at >= room && at < end + 1);
          if (index < limit.count) {
            const begin = room + index * refill;
            assert.ok(at >= begin && at < begin + refill);
            assert.equal(next, begin + refill);
          } else assert.equal(next, end);
          promised = next;
        }
      }),
    );
  });
});
