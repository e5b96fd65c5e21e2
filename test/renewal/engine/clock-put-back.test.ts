import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { EverbindError } from '../../../src/errors/error.ts';
import type { State } from '../../../src/agent/state.ts';
import { correctAfterClockPutBack } from '../../../src/renewal/engine/clock-put-back.ts';
import { acquireLease } from '../../../src/store/lease.ts';
import { type Run, runIn } from '../../cli/world.ts';
import { applyText, withFolder, withState } from '../support/obtain-state.ts';
import { type SettableClock, settableClock } from '../support/obtain-clock.ts';
import { eventTypes, rowsOf } from '../support/obtain-rows.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
const CONFIGURATION = `version: 1
issuers: [{ name: ca, directory: "https://127.0.0.1:1/dir", termsOfServiceAgreed: true, allowInsecureLoopback: true }]
certificates: [{ name: shop, names: [shop.clock.test], deployments: [] }]
`;

/** Time that tests alone move on. */
function withTime(work: (state: State, clock: SettableClock & { put(time: number): void }) => Promise<void>) {
  let now = Date.UTC(2026, 10, 1);
  const put = (time: number): void => void (now = time);
  const clock = {
    now: () => now,
    sleep: () => Promise.resolve(),
    advance: (ms: number) => put(now + ms),
    moveTo: put,
    put,
  };
  return withState(clock, async (state) => {
    await applyText(state, clock, CONFIGURATION);
    await work(state, clock);
  });
}

/** A run that does this much and ends. */
async function run({ store }: State, clock: SettableClock, work: () => Promise<void>): Promise<void> {
  const lease = await acquireLease(store, clock);
  await work();
  await lease.release();
}

function due({ store }: State): unknown {
  return rowsOf(store, 'SELECT next_due FROM certificate')[0]?.['next_due'];
}

async function set({ store }: State, nextDue: number, reason: string): Promise<void> {
  const sql = 'UPDATE certificate SET next_due = ?, due_reason = ?';
  await store.commit(({ db }) => db.prepare(sql).run(nextDue, reason));
}

describe('a clock that was a year ahead and is put back', () => {
  it('does not put off by a year what failed meanwhile: the command itself tries it again', () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, 'everbind.yaml'), CONFIGURATION);
      const clock = settableClock();
      const renew = (): Promise<Run> =>
        runIn(
          { stateDir: folder, openHost: () => Promise.reject(new EverbindError('WIN_NOT_WINDOWS', 'no Windows here')) },
          ['renew', '--all-due', '--json'],
          { clock },
        );
      const start = clock.now();
      clock.advance(YEAR);
      assert.match((await renew()).out, /"kind":"failed"/);
      // An hour after the mistake was noticed: the time of the next attempt is long over.
      clock.moveTo(start + HOUR);
      assert.doesNotMatch((await renew()).out, /"kind":"failed"/, 'its wait counts from now on');
      clock.advance(10 * MINUTE);
      assert.match((await renew()).out, /"kind":"failed"/);
    }));

  it('brings what was counted from it nearer by as much, and no more; the log says so', () =>
    withTime(async (state, clock) => {
      const start = clock.now();
      clock.put(start + YEAR);
      await run(state, clock, () => set(state, clock.now() + 3 * HOUR, 'retry'));
      clock.put(start + 10 * MINUTE);
      await run(state, clock, () => correctAfterClockPutBack(state.store, clock));
      assert.equal(due(state), start + 10 * MINUTE + 3 * HOUR);
      assert.equal(eventTypes(state.store, 'clock').join(), 'clock.put-back');
      // Once.
      await run(state, clock, () => correctAfterClockPutBack(state.store, clock));
      assert.equal(due(state), start + 10 * MINUTE + 3 * HOUR);
      assert.equal(eventTypes(state.store, 'clock').length, 1);
    }));

  for (const reason of ['new', 'changed', 'revoked', 'requested', 'rate-limit']) {
    it(`has what is due as ${reason} come now`, () =>
      withTime(async (state, clock) => {
        const start = clock.now();
        clock.put(start + YEAR);
        await run(state, clock, () => set(state, clock.now(), reason));
        clock.put(start);
        await run(state, clock, () => correctAfterClockPutBack(state.store, clock));
        assert.equal(due(state), start);
      }));
  }

  for (const reason of ['lifetime', 'ari-window', 'maintenance', 'rolled-back']) {
    it(`leaves ${reason} alone, which is counted from the certificate`, () =>
      withTime(async (state, clock) => {
        const start = clock.now();
        clock.put(start + YEAR);
        await run(state, clock, () => set(state, start + 30 * DAY, reason));
        clock.put(start);
        await run(state, clock, () => correctAfterClockPutBack(state.store, clock));
        assert.equal(due(state), start + 30 * DAY);
      }));
  }

  it('is remembered by the run that is killed before it can fix anything', () =>
    withTime(async (state, clock) => {
      const start = clock.now();
      clock.put(start + YEAR);
      await run(state, clock, () => set(state, clock.now(), 'revoked'));
      clock.put(start);
      // Takes the lease and comes no further.
      await run(state, clock, () => Promise.resolve());
      await run(state, clock, () => correctAfterClockPutBack(state.store, clock));
      assert.equal(due(state), start);
    }));

  it('asks for the windows of certificates that had seemed to be expired, and for no others', () =>
    withTime(async (state, clock) => {
      const start = clock.now();
      const insert = `INSERT INTO issued (certificate_id, thumbprint, status, chain, algorithm, key_handle, issuer, account_url, not_before, not_after, issued_at)
        SELECT id, 'aa', 'active', '', 'ec-p256', 'software:k', 'ca', 'https://ca.test/1', ${start}, ${start + 90 * DAY}, ${start} FROM certificate`;
      await state.store.commit(({ db }) => db.exec(insert));
      const poll = (): unknown => rowsOf(state.store, 'SELECT next_poll FROM certificate')[0]?.['next_poll'];
      const ahead = async (): Promise<void> => {
        clock.put(start + YEAR);
        await run(state, clock, () => Promise.resolve());
        clock.put(start);
        await run(state, clock, () => correctAfterClockPutBack(state.store, clock));
      };
      assert.equal(poll(), null);
      await ahead();
      assert.equal(poll(), start);
      await run(state, clock, () =>
        state.store.commit(({ db }) => {
          db.exec(`UPDATE certificate SET next_poll = NULL; UPDATE issued SET revoked_at = ${start}`);
        }),
      );
      await ahead();
      assert.equal(poll(), null);
    }));
});

it('a clock that is set by a second is nobody’s concern', () =>
  withTime(async (state, clock) => {
    const start = clock.now();
    await run(state, clock, () => set(state, start + HOUR, 'retry'));
    clock.put(start - 1000);
    await run(state, clock, () => correctAfterClockPutBack(state.store, clock));
    assert.equal(due(state), start + HOUR);
    assert.deepEqual(eventTypes(state.store, 'clock'), []);
  }));
