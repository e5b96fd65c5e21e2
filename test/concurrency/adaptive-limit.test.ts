import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createAdaptiveLimit, type Ending } from '../../src/concurrency/adaptive-limit.ts';

/** Runs tasks in rounds, as many as get a place; each ends as `judge` says for how many ran at once. */
async function rounds(count: number, judge: (atOnce: number) => (index: number) => Ending): Promise<readonly number[]> {
  const limit = createAdaptiveLimit();
  const stop = new AbortController();
  let running: ((ending: Ending) => void)[] = [];
  const add = async (): Promise<void> => {
    const leave = await limit.enter(stop.signal);
    running.push(leave);
  };
  const sizes: number[] = [];
  for (let index = 0; index < 2_000; index += 1) void add().catch(() => {});
  for (let round = 0; round < count; round += 1) {
    await turn();
    const now = running;
    running = [];
    sizes.push(now.length);
    const endingOf = judge(now.length);
    for (const [index, leave] of now.entries()) leave(endingOf(index));
  }
  stop.abort(new Error('over'));
  return sizes;
}

test('doubles each round while all goes well', async () => {
  assert.deepEqual(await rounds(5, () => () => 'fine'), [4, 8, 16, 32, 64]);
});

test('halves after an overload, once for all tasks that ran then, and stays below what was too much', async () => {
  const sizes = await rounds(40, (atOnce) => (index) => (atOnce > 20 && index >= 20 ? 'overloaded' : 'fine'));
  assert.deepEqual(sizes.slice(0, 4), [4, 8, 16, 32]);
  const later = sizes.slice(5);
  assert.ok(
    later.every((size) => size >= 10),
    sizes.join(' '),
  );
  assert.ok(later.filter((size) => size > 20).length <= 3, sizes.join(' '));
  assert.equal(sizes.at(-1), 20);
});

test('one at a time always runs, and failures of that one are no reason to stay there', async () => {
  let failures = 12;
  const sizes = await rounds(60, () => () => (failures-- > 0 ? 'overloaded' : 'fine'));
  assert.ok(sizes.every((size) => size >= 1));
  assert.ok((sizes.at(-1) ?? 0) > 1, sizes.join(' '));
});

test('whoever waits leaves with the reason of the signal, and takes no place', async () => {
  const limit = createAdaptiveLimit();
  const leaves = await Promise.all(Array.from({ length: 4 }, () => limit.enter()));
  const stop = new AbortController();
  const waiting = limit.enter(stop.signal);
  const next = limit.enter();
  stop.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  leaves[0]?.('unknown');
  (await next)('unknown');
  await assert.rejects(limit.enter(AbortSignal.abort(new Error('no'))), /no/);
});
