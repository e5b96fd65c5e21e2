import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLanes, type LaneParts, type Lanes } from '../../src/concurrency/lanes.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Played {
  readonly lanes: Lanes;
  /** Begun, in this order. */
  readonly begun: string[];
  /** Ends the work on an item. */
  end(item: string, error?: Error): void;
}

/** Items `a1` are of lane `a`; two of a lane are worked on at a time. */
function play(items: string[], more: Partial<LaneParts<string>> = {}): Played {
  const begun: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const lanes = createLanes<string>({
    next: () => items.shift() ?? null,
    laneOf: (item) => item.slice(0, 1),
    roomOf: () => 2,
    work: (item) => {
      begun.push(item);
      return new Promise((resolve, reject) => {
        ends.set(item, (error) => (error === undefined ? resolve() : reject(error)));
      });
    },
    mayComeMore: () => false,
    ...more,
  });
  return { lanes, begun, end: (item, error) => ends.get(item)?.(error) };
}

describe('lanes', () => {
  it('a full lane keeps no other one waiting, however many wait in it', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => `a${index}`);
    const { lanes, begun, end } = play([...many, 'b1']);
    const done = lanes.run();
    for (let turns = 0; turns < 20 && begun.length < 3; turns += 1) await turn();
    assert.deepEqual(begun, ['a0', 'a1', 'b1']);
    for (const item of ['b1', ...many]) {
      while (!begun.includes(item)) await turn();
      end(item);
    }
    await done;
    assert.equal(begun.length, 1001);
    assert.deepEqual(begun.slice(3, 6), ['a2', 'a3', 'a4'], 'in the order in which they came');
  });

  it('after a failure nothing more begins, and what is under way is waited for', async () => {
    const { lanes, begun, end } = play(['a1', 'a2', 'a3']);
    let settled = false;
    const done = lanes.run().finally(() => {
      settled = true;
    });
    const failed = assert.rejects(done, /broken/);
    await turn();
    end('a1', new Error('broken'));
    await turn();
    assert.deepEqual([begun, settled], [['a1', 'a2'], false]);
    end('a2');
    await failed;
  });

  it('takes what comes while others are under way, and goes on while more may come', async () => {
    const items = ['a1'];
    let open = true;
    const { lanes, begun, end } = play(items, { mayComeMore: () => open });
    const done = lanes.run();
    await turn();
    items.push('b1');
    lanes.wake();
    await turn();
    assert.deepEqual(begun, ['a1', 'b1']);
    end('a1');
    end('b1');
    await turn();
    items.push('b2');
    lanes.wake();
    await turn();
    end('b2');
    await turn();
    open = false;
    lanes.wake();
    await done;
    assert.deepEqual(begun, ['a1', 'b1', 'b2']);
  });

  it('what waits is asked again where it belongs, and how much room there is', async () => {
    let room = 1;
    let moved = false;
    const { lanes, begun, end } = play(['a1', 'a2', 'a3', 'a4'], {
      laneOf: (item) => (moved && item === 'a2' ? 'b' : 'a'),
      roomOf: () => room,
    });
    const done = lanes.run();
    await turn();
    assert.deepEqual(begun, ['a1']);
    moved = true;
    room = 2;
    end('a1');
    await turn();
    assert.deepEqual(begun, ['a1', 'a2', 'a3', 'a4']);
    for (const item of ['a2', 'a3', 'a4']) end(item);
    await done;
  });

  it('what the source throws ends it', async () => {
    const { lanes } = play([], {
      next: () => {
        throw new Error('stop');
      },
    });
    await assert.rejects(lanes.run(), /stop/);
  });
});
