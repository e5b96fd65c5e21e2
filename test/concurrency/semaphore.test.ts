import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSemaphore } from '../../src/concurrency/semaphore.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('never more than allowed at a time, in the order of coming, and a failure gives its place free', async () => {
  const slots = createSemaphore(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const works = Array.from({ length: 5 }, (_, index) =>
    slots.run(async () => {
      begun.push(index);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (index === 1) throw new Error('failed');
      return index;
    }),
  );
  const results = Promise.allSettled(works);
  for (let ended = 0; ended < works.length; ended += 1) {
    await turn();
    assert.deepEqual(begun, [0, 1, 2, 3, 4].slice(0, Math.min(ended + 2, 5)));
    ends[ended]?.();
  }
  const statuses = (await results).map(({ status }) => status);
  assert.deepEqual(statuses, ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
});

test('whoever is told to stop leaves the queue, and the others keep their places', async () => {
  const slots = createSemaphore(1);
  const begun: string[] = [];
  let end = (): void => {};
  const first = slots.run(() => new Promise<void>((resolve) => (end = resolve)));
  const stop = new AbortController();
  const stopped = slots.run(async () => void begun.push('stopped'), stop.signal);
  const last = slots.run(async () => void begun.push('last'));
  stop.abort(new Error('enough'));
  await assert.rejects(stopped, /enough/);
  end();
  await Promise.all([first, last]);
  assert.deepEqual(begun, ['last']);
  await assert.rejects(
    slots.run(async () => {}, stop.signal),
    /enough/,
  );
});
