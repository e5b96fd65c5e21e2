import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cached } from '../../src/cloud/cached.ts';
import type { Clock } from '../../src/ports/clock.ts';

test('a token is fetched once, again before it expires, and again after a failure', async () => {
  const clock = { time: 0, now: () => clock.time, sleep: () => Promise.resolve() };
  let count = 0;
  const token = cached(clock, () => {
    count += 1;
    return count === 2
      ? Promise.reject(new Error('away'))
      : Promise.resolve({ value: count, expiresAt: clock.time + 100_000 });
  });
  assert.deepEqual([await token(), await token()], [1, 1]);
  clock.time = 39_999;
  assert.equal(await token(), 1);
  clock.time = 40_000;
  await assert.rejects(token());
  assert.equal(await token(), 3);
});

test('callers at the same time share one request; one that is stopped does not stop the others', async () => {
  let count = 0;
  let answer: (value: number) => void = () => {};
  const token = cached({ now: () => 0 } as Clock, async () => {
    count += 1;
    return { value: await new Promise<number>((resolve) => (answer = resolve)), expiresAt: 100_000 };
  });
  const stop = new AbortController();
  const first = token(stop.signal);
  const others = [token(), token()];
  stop.abort(new Error('enough'));
  await assert.rejects(first, /enough/);
  answer(7);
  assert.deepEqual(await Promise.all(others), [7, 7]);
  assert.equal(count, 1);
});
