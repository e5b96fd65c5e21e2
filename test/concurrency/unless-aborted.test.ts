import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unlessAborted } from '../../src/concurrency/unless-aborted.ts';

const never = new Promise<never>(() => {});

test('the outcome of the work, with and without a signal', async () => {
  for (const signal of [undefined, new AbortController().signal]) {
    assert.equal(await unlessAborted(Promise.resolve(1), signal), 1);
    await assert.rejects(unlessAborted(Promise.reject(new Error('failed')), signal), /failed/);
  }
});

test('the reason of the signal, also of one that was aborted before', async () => {
  const stop = new AbortController();
  const call = unlessAborted(never, stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(call, /enough/);
  await assert.rejects(unlessAborted(never, stop.signal), /enough/);
});

test('work that fails after the signal is nobody’s unhandled rejection', async () => {
  const stop = new AbortController();
  let fail: (error: Error) => void = () => {};
  const call = unlessAborted(new Promise((_resolve, reject) => (fail = reject)), stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(call, /enough/);
  fail(new Error('late'));
  await new Promise((resolve) => setImmediate(resolve));
});
