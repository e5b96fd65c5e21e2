import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEventClock } from '../../lab/simulation/event-clock.ts';
import { withDeadline } from '../../src/concurrency/deadline.ts';
import { EverbindError } from '../../src/errors/error.ts';
import { systemClock } from '../../src/net/system.ts';
import { hasItsOwnReason } from '../../src/renewal/schedule/issuer-backoff.ts';

const late = (): Error => new Error('too late');
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('some other words'))));

describe('a deadline', () => {
  it('ends what waits, by the time of the clock, and says so in its own words', async () => {
    const clock = createEventClock(0);
    await assert.rejects(clock.drive(withDeadline({ clock, ms: 60_000, late }, aborted)), /too late/);
    assert.equal(clock.now(), 60_000);
  });

  it('waits for the work to come to rest', async () => {
    const clock = createEventClock(0);
    const work = async (signal: AbortSignal): Promise<never> => {
      await aborted(signal).catch(() => {});
      await clock.sleep(5_000);
      throw new Error('at rest');
    };
    await assert.rejects(clock.drive(withDeadline({ clock, ms: 60_000, late }, work)), /too late/);
    assert.equal(clock.now(), 65_000);
  });

  it('leaves what failed for a reason of its own alone', async () => {
    const clock = createEventClock(0);
    const work = async (signal: AbortSignal): Promise<never> => {
      await aborted(signal).catch(() => {});
      throw new EverbindError('RENEWAL_NOT_RESTORED', 'half of it is changed');
    };
    const keeps = hasItsOwnReason;
    await assert.rejects(clock.drive(withDeadline({ clock, ms: 60_000, late, keeps }, work)), /half of it/);
    const aborts = withDeadline({ clock, ms: 60_000, late, keeps }, aborted);
    await assert.rejects(clock.drive(aborts), /too late/);
  });

  it('takes nothing from work that is done in time, or all the same', async () => {
    const clock = createEventClock(0);
    const sleeps = (ms: number): Promise<string> =>
      clock.drive(withDeadline({ clock, ms: 1000, late }, async () => clock.sleep(ms).then(() => 'done')));
    assert.equal(await sleeps(999), 'done');
    assert.equal(await sleeps(2000), 'done');
  });

  it('leaves the reason of the signal around it alone', async () => {
    const stop = new AbortController();
    const work = withDeadline({ clock: systemClock, ms: 60_000, signal: stop.signal, late }, (signal) =>
      systemClock.sleep(60_000, signal),
    );
    stop.abort(new Error('told to stop'));
    await assert.rejects(work, /told to stop/);
  });

  it('comes by the machine’s time where the clock has none of its own', async () => {
    await assert.rejects(
      withDeadline({ clock: systemClock, ms: 20, late }, (signal) => systemClock.sleep(60_000, signal)),
      /too late/,
    );
  });
});
