import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCommitQueue, type Queued } from '../../src/store/commit-queue.ts';

interface Named extends Queued {
  readonly name: number;
}

/** A queue over a disk that takes `ms` for a commit, the groups that it got, and the times in ms between them. */
function queueOver(ms: (group: number) => number) {
  const groups: number[][] = [];
  const gaps: number[] = [];
  let ended = performance.now();
  const queue = createCommitQueue<Named>((works) => {
    const begun = performance.now();
    gaps.push(begun - ended);
    while (performance.now() < begun + ms(groups.length));
    ended = performance.now();
    groups.push(works.map(({ name }) => name));
    for (const work of works) work.settle(null);
    return true;
  });
  const add = (name: number): Promise<void> => new Promise((resolve) => queue.add({ name, settle: () => resolve() }));
  return { groups, gaps, add };
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
    const { gaps, add } = queueOver(() => 20);
    for (let name = 0; name < 11; name += 1) await add(name);
    // Half of them, since the machine may be busy; a rest would last 40 ms each time.
    assert.ok((gaps.toSorted((one, other) => one - other)[5] ?? Infinity) < 20, gaps.join());
  });

  it('lets the disk rest under load, so that what comes in meanwhile shares a group', async () => {
    const { groups, add } = queueOver(() => 25);
    await Promise.all([add(1), add(2)]);
    const others = [];
    for (let name = 3; name < 8; name += 1) {
      others.push(add(name));
      await new Promise(setImmediate);
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
