import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, systemRandom } from '../../src/net/system.ts';

test('sleeping takes its time, none for nothing, and ends with the reason of the signal', async () => {
  const started = performance.now();
  await systemClock.sleep(30);
  assert.ok(performance.now() - started >= 29);
  await systemClock.sleep(0);
  await systemClock.sleep(-5);
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error('because')), 5);
  await assert.rejects(systemClock.sleep(60_000, stop.signal), /because/);
  await assert.rejects(systemClock.sleep(1, AbortSignal.abort(new Error('before'))), /before/);
});

test('a sleep longer than a timer can hold does not end at once', async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error('still asleep')), 30);
  await assert.rejects(systemClock.sleep(2 ** 33, stop.signal), /still asleep/);
});

test('random numbers lie in [0, 1) and differ', () => {
  const draws = Array.from({ length: 1000 }, () => systemRandom.uniform());
  assert.ok(draws.every((draw) => draw >= 0 && draw < 1));
  assert.ok(new Set(draws).size > 990);
  assert.equal(systemRandom.bytes(17).length, 17);
});
