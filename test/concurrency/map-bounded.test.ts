import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { mapBounded } from '../../src/concurrency/map-bounded.ts';

test('keeps the order and the bound', async () => {
  let running = 0;
  let most = 0;
  const results = await mapBounded([5, 1, 4, 2, 3], 2, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, item));
    running -= 1;
    return item * 2;
  });
  deepEqual(results, [10, 2, 8, 4, 6]);
  equal(most, 2);
});

test('the first failure rejects after the running work, and no more is begun', async () => {
  const begun: number[] = [];
  let ended = 0;
  await rejects(
    mapBounded([1, 2, 3, 4], 2, async (item) => {
      begun.push(item);
      await new Promise((resolve) => setTimeout(resolve, item * 3));
      ended += 1;
      if (item === 1) throw new Error('one');
    }),
    /one/,
  );
  deepEqual(begun, [1, 2]);
  equal(ended, 2);
  ok((await mapBounded([], 4, async () => 1)).length === 0);
});
