import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeTimes, type WatchedHandshake } from '../../src/selftest/handshake-watch.ts';

const OLD = 'aa';
const NEW = 'bb';

function handshake(began: number, ended: number, leaf: string | null): WatchedHandshake {
  return { began, ended, leaf, error: leaf === null ? 'VERIFY_HANDSHAKE_FAILED' : null };
}

test('times of a change: to the new certificate, of the first handshake after it, and the longest gap', () => {
  const change = { began: 100, ended: 120 };
  const switched = [
    handshake(98, 101, OLD),
    handshake(103, 107, OLD),
    handshake(109, 118, NEW),
    handshake(121, 128, NEW),
  ];
  assert.deepEqual(changeTimes(switched, change, NEW), { toNewLeaf: 18, firstHandshake: 7, gap: 0 });
  const replaced = [
    handshake(99, 102, OLD),
    handshake(104, 105, null),
    handshake(107, 108, null),
    handshake(119, 122, OLD),
    handshake(124, 125, null),
    handshake(130, 142, NEW),
  ];
  assert.deepEqual(changeTimes(replaced, change, NEW), { toNewLeaf: 42, firstHandshake: 1, gap: 15 });
});

test('a change after which the old certificate, another one, or nothing is served has no times', () => {
  const change = { began: 100, ended: 120 };
  const before = [handshake(98, 101, OLD)];
  for (const last of [OLD, 'cc', null]) {
    assert.equal(changeTimes([...before, handshake(121, 124, last)], change, NEW), null, String(last));
  }
  // It came, and went again.
  const gone = [...before, handshake(110, 115, NEW), handshake(121, 124, OLD)];
  assert.equal(changeTimes(gone, change, NEW), null);
  // Nobody looked after the change.
  assert.equal(changeTimes([...before, handshake(110, 115, NEW)], change, NEW), null);
});
