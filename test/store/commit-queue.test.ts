import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCommitQueue, type Queued } from '../../src/store/commit-queue.ts';

interface Named extends Queued {
  readonly name: number;
}

/** A queue over a disk that takes `ms` for a commit, and the groups that it got. */
function queueOver(ms: (group: number) => number) {
  const groups: number[][] = [];
  const queue = createCommitQueue<Named>((works) => {
    const until = performance.now() + ms(groups.length);
    while (performance.now() < until);
    groups.push(works.map(({ name }) => name));
    for (const work of works) work.settle(null);
    return true;
  });
  const add = (name: number): Promise<void> => new Promise((resolve) => queue.add({ name, settle: () => resolve() }));
  return { groups, queue, add };
}

describe('the commit queue', () => {
  it('puts what is added in one turn into one group, in order, up to a bound', async () => {
    const { groups, add } = queueOver(() => 0);
    await Promise.all(Array.from({ length: 600 }, (_, name) => add(name)));
    assert.deepEqual(
      groups.flat(),
      Array.from({ length: 600 }, (_, name) => name),
    );
    assert.deepEqual(
      groups.map(({ length }) => length),
      [256, 256, 88],
    );
  });

  it('writes works that come one after the other at once', async () => {
    const { groups, add } = queueOver(() => 5);
    const began = performance.now();
    for (let name = 0; name < 20; name += 1) await add(name);
    assert.equal(groups.length, 20);
    // A rest after each would make it three times as long.
    assert.ok(performance.now() - began < 250);
  });

  it('lets the disk rest under load, so that what comes in meanwhile shares a group', async () => {
    const { groups, add } = queueOver(() => 10);
    const first = Promise.all([add(1), add(2)]);
    await first;
    const others = [];
    for (let name = 3; name < 8; name += 1) {
      others.push(add(name));
      await sleep(2);
    }
    await Promise.all(others);
    assert.deepEqual(groups, [
      [1, 2],
      [3, 4, 5, 6, 7],
    ]);
  });

  it('tries again while the lock is held by others, with patience that ends', async () => {
    const told: boolean[] = [];
    let held = 3;
    const queue = createCommitQueue<Named>((works, patient) => {
      told.push(patient);
      held -= 1;
      if (held > 0 && patient) return false;
      for (const work of works) work.settle(held > 0 ? { failure: 'busy' } : null);
      return true;
    });
    const outcome = new Promise((resolve) => queue.add({ name: 1, settle: resolve }));
    assert.equal(await outcome, null);
    assert.deepEqual(told, [true, true, true]);
    held = 100;
    const last = new Promise((resolve) => queue.add({ name: 2, settle: resolve }));
    queue.drain();
    assert.deepEqual(await last, { failure: 'busy' });
    assert.equal(told.at(-1), false);
  });
});
