import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withHeartbeat } from '../../../src/agent/daemon/heartbeat.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { runIn } from '../../cli/world.ts';
import { systemClock } from '../../../src/net/system.ts';
import { writeDaemon } from '../../../src/renewal/state/daemon-row.ts';
import { openState } from '../../../src/agent/state.ts';
import { withFolder } from '../../renewal/support/obtain-state.ts';

/** Sleeps end when told, or when their signal aborts. */
function heldClock(): Clock & { wake(): void } {
  let wake = (): void => {};
  return {
    now: () => 0,
    sleep: (_ms, signal) =>
      new Promise((resolve, reject) => {
        wake = resolve;
        if (signal?.aborted === true) reject(new Error('aborted'));
        signal?.addEventListener('abort', () => reject(new Error('aborted')));
      }),
    wake: () => wake(),
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('it says that it lives for as long as the work takes, and not after it', async () => {
  const clock = heldClock();
  let beats = 0;
  let finish = (): void => {};
  const work = new Promise<string>((resolve) => {
    finish = () => resolve('done');
  });
  const beat = async (): Promise<void> => {
    beats += 1;
    if (beats === 2) throw new EverbindError('STORE_BUSY', 'locked');
  };
  const running = withHeartbeat(clock, beat, () => work);
  for (let nth = 1; nth <= 4; nth += 1) {
    await settled();
    assert.equal(beats, nth);
    clock.wake();
  }
  await settled();
  finish();
  assert.equal(await running, 'done');
  clock.wake();
  await settled();
  assert.equal(beats, 5);
});

test('what the work throws is thrown', async () => {
  const work = (): Promise<never> => Promise.reject(new EverbindError('STORE_FULL', 'no room'));
  await assert.rejects(
    withHeartbeat(heldClock(), async () => {}, work),
    { code: 'STORE_FULL' },
  );
});

test('everbind status says that it is at work', () =>
  withFolder(async (folder) => {
    const state = await openState(folder, { clock: systemClock });
    const now = Date.now();
    const daemon = { pid: 4711, startedAt: now, seenAt: now, nextWake: now, trouble: null };
    await state.store.commit(({ db }) => writeDaemon(db, daemon));
    await state.close();
    const openHost = (): Promise<never> => Promise.reject(new Error('not needed'));
    const { out } = await runIn({ stateDir: folder, openHost }, ['status']);
    assert.match(out, /^everbind run {3}process 4711, at work$/m);
  }));
