import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cached } from '../../src/cloud/cached.ts';

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
