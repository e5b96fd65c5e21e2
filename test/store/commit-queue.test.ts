import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCommitQueue, type Failed, type Group, type Queued } from '../../src/store/commit-queue.ts';

interface Named extends Queued {
  readonly name: number;
}

const synced = (): Promise<void> => Promise.resolve();

function settled(jobs: readonly Queued[], failed: Failed = null): Group {
  return {
    settle: (unsynced) => {
      for (const job of jobs) job.settle(failed ?? unsynced);
    },
  };
}

/** A queue over a disk that takes `ms` for a commit, the groups that it got, and the times in ms between them. */
function queueOver(ms: (group: number) => number) {
  const groups: number[][] = [];
  const gaps: number[] = [];
  let ended = performance.now();
  const queue = createCommitQueue<Named>((jobs) => {
    const begun = performance.now();
    gaps.push(begun - ended);
    while (performance.now() < begun + ms(groups.length));
    ended = performance.now();
    groups.push(jobs.map(({ name }) => name));
    return settled(jobs);
  }, synced);
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

  it('writes jobs that come one after the other at once', async () => {
    const { gaps, add } = queueOver(() => 20);
    for (let name = 0; name < 11; name += 1) await add(name);
    // Some of them, since the machine may be busy; a rest would last 40 ms each time.
    assert.ok((gaps.toSorted((one, other) => one - other)[2] ?? Infinity) < 20, gaps.join());
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
    const queue = createCommitQueue<Named>((jobs, patient) => {
      told.push(patient);
      held -= 1;
      if (held > 0 && patient) return null;
      return settled(jobs, held > 0 ? { failure: 'busy' } : null);
    }, synced);
    const outcome = new Promise((resolve) => queue.add({ name: 1, settle: resolve }));
    assert.equal(await outcome, null);
    assert.deepEqual(told, [true, true, true]);
    held = 100;
    const last = new Promise((resolve) => queue.add({ name: 2, settle: resolve }));
    await queue.drain();
    assert.deepEqual(await last, { failure: 'busy' });
    assert.equal(told.at(-1), false);
  });

  it('settles nothing before the disk has it; everything else goes on meanwhile, the next group waits', async () => {
    const events: string[] = [];
    let sync = (): void => {};
    const queue = createCommitQueue<Named>(
      (jobs) => {
        events.push(`commit ${jobs.map(({ name }) => name).join()}`);
        return settled(jobs);
      },
      () =>
        new Promise((resolve) => {
          sync = resolve;
        }),
    );
    const add = (name: number): void => queue.add({ name, settle: () => events.push(`settled ${name}`) });
    add(1);
    await turns();
    add(2);
    await turns();
    assert.deepEqual(events, ['commit 1']);
    sync();
    await turns();
    assert.deepEqual(events, ['commit 1', 'settled 1', 'commit 2']);
    const drained = queue.drain();
    sync();
    await drained;
    assert.deepEqual(events.at(-1), 'settled 2');
  });

  it('fails a group that the disk refused, and everything after it without touching the database again', async () => {
    let commits = 0;
    const queue = createCommitQueue<Named>(
      (jobs) => {
        commits += 1;
        return settled(jobs);
      },
      () => Promise.reject(new Error('EIO')),
    );
    const add = (name: number): Promise<Failed> => new Promise((settle) => queue.add({ name, settle }));
    for (const name of [1, 2, 3]) {
      assert.match(String((await add(name))?.failure), /EIO/);
    }
    assert.equal(commits, 1);
  });
});

async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}
