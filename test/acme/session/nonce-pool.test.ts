import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNoncePool, noNonce } from '../../../src/acme/session/nonce-pool.ts';
import { coded, testClock } from '../support.ts';

/** A newNonce that responds when told. */
function slowSource() {
  const asked: { answer(): void; fail(): void }[] = [];
  let count = 0;
  const fetchNonce = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const nonce = `fetched-${(count += 1)}`;
      asked.push({ answer: () => resolve(nonce), fail: () => reject(noNonce('https://ca.test/nonce')) });
    });
  return { asked, fetchNonce };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the first one is asked for at once, and few at a time after that', async () => {
  const { asked, fetchNonce } = slowSource();
  const clock = testClock();
  const pool = createNoncePool(clock, fetchNonce);
  const taken = Array.from({ length: 10 }, () => pool.take());
  await settled();
  assert.equal(asked.length, 1);
  assert.deepEqual(clock.slept, []);
  for (let answered = 0; answered < 10; ) {
    const open = asked.slice(answered);
    assert.ok(open.length === 1 || open.length === 2, String(open.length));
    answered += open.length;
    for (const one of open) one.answer();
    await settled();
  }
  assert.equal(new Set(await Promise.all(taken.map(async (nonce) => nonce))).size, 10);
  assert.equal(asked.length, 10);
});

test('one that comes back goes to whoever has waited longest, and nobody asks for another', async () => {
  const { asked, fetchNonce } = slowSource();
  const pool = createNoncePool({ ...testClock(), sleep: () => new Promise(() => {}) }, fetchNonce);
  const first = pool.take();
  asked[0]?.answer();
  assert.equal(await first, 'fetched-1');
  const second = pool.take();
  const third = pool.take();
  pool.put('back-1');
  pool.put('back-2');
  assert.deepEqual(await Promise.all([second, third]), ['back-1', 'back-2']);
  assert.equal(asked.length, 1);
});

test('who waits in vain has another one asked for; a failure is that of one', async () => {
  const { asked, fetchNonce } = slowSource();
  const clock = testClock();
  const pool = createNoncePool(clock, fetchNonce);
  const lost = pool.take();
  asked[0]?.answer();
  await lost;
  const failing = pool.take();
  const waiting = pool.take();
  await settled();
  assert.deepEqual(clock.slept, [20]);
  asked[1]?.fail();
  asked[2]?.answer();
  await assert.rejects(async () => failing, coded('ACME_NO_NONCE'));
  assert.equal(await waiting, 'fetched-3');
});

test('one that is prepared is there when it is needed, and nobody asks twice', async () => {
  const { asked, fetchNonce } = slowSource();
  const pool = createNoncePool(testClock(), fetchNonce);
  pool.prepare();
  pool.prepare();
  const early = pool.take();
  asked[0]?.answer();
  assert.equal(await early, 'fetched-1');
  // Whoever has it brings another one back.
  pool.prepare();
  await settled();
  assert.equal(asked.length, 1);
  pool.put('back-1');
  pool.prepare();
  assert.equal(pool.take(), 'back-1');
  assert.equal(asked.length, 1);
});

test('one that cannot be prepared is asked for again by the request that needs it', async () => {
  const { asked, fetchNonce } = slowSource();
  const pool = createNoncePool(testClock(), fetchNonce);
  pool.prepare();
  asked[0]?.fail();
  await settled();
  const taken = pool.take();
  asked[1]?.answer();
  assert.equal(await taken, 'fetched-2');
});
