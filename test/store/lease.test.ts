import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEventClock } from '../../lab/simulation/event-clock.ts';
import { systemClock } from '../../src/net/system.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { acquireLease } from '../../src/store/lease.ts';
import { isGone, ownIdentity } from '../../src/store/process-identity.ts';
import { withFolder } from './support.ts';

/** A clock that the test moves. */
function handClock(): Clock & { move(ms: number): void } {
  let now = Date.UTC(2026, 0, 1);
  return {
    ...systemClock,
    now: () => now,
    move: (ms) => {
      now += ms;
    },
  };
}

describe('the lease', () => {
  it('has one holder; the next token is larger', async () => {
    await withFolder(async ({ open }) => {
      const [one, other] = [open(), open()];
      const first = await acquireLease(one, systemClock);
      await assert.rejects(acquireLease(other, systemClock), { code: 'STORE_LEASE_HELD' });
      await first.release();
      await first.release();
      assert.equal(first.lost.aborted, false);
      const second = await acquireLease(other, systemClock);
      assert.ok(second.token > first.token);
    });
  });

  it('is taken over when its time has run out; the old holder is told and cannot write any more', async () => {
    await withFolder(async ({ open }) => {
      const clock = handClock();
      const [one, other] = [open(), open()];
      const first = await acquireLease(one, clock, 30_000);
      clock.move(29_999);
      await assert.rejects(acquireLease(other, clock), { code: 'STORE_LEASE_HELD' });
      clock.move(1);
      const second = await acquireLease(other, clock);
      assert.equal(first.lost.aborted, false);
      let ran = false;
      const late = one.commit(() => {
        ran = true;
      });
      await assert.rejects(late, { code: 'STORE_LEASE_LOST' });
      assert.equal(ran, false);
      assert.equal(first.lost.aborted, true);
      assert.equal(first.lost.reason.code, 'STORE_LEASE_LOST');
      // Giving back what is lost takes nothing from the new holder.
      await first.release();
      await other.commit(() => undefined);
      await second.release();
    });
  });

  it('is prolonged while its holder lives', async () => {
    await withFolder(async ({ open }) => {
      const [one, other] = [open(), open()];
      const lease = await acquireLease(one, systemClock, 3000);
      for (let round = 0; round < 12; round += 1) {
        await systemClock.sleep(300);
        await assert.rejects(acquireLease(other, systemClock), { code: 'STORE_LEASE_HELD' });
      }
      assert.equal(lease.lost.aborted, false);
      await lease.release();
    });
  });

  it('fences what was begun before it was given back', async () => {
    await withFolder(async ({ open }) => {
      const store = open();
      const lease = await acquireLease(store, systemClock);
      const before = store.commit(() => 'in time');
      const released = lease.release();
      const after = store.commit(() => 'too late');
      assert.equal(await before, 'in time');
      await assert.rejects(after, { code: 'STORE_LEASE_LOST' });
      await released;
      const next = await acquireLease(store, systemClock);
      assert.equal(await store.commit(() => 'again'), 'again');
      await next.release();
    });
  });

  it('is known to be lost before a commit says so', async () => {
    await withFolder(async ({ open }) => {
      const [one, other] = [open(), open()];
      assert.ok(one.holdsLease(), 'none is needed');
      const clock = handClock();
      const lease = await acquireLease(one, clock, 30_000);
      assert.ok(one.holdsLease());
      one.requireLease();
      clock.move(60_000);
      await acquireLease(other, clock);
      assert.deepEqual([one.holdsLease(), other.holdsLease()], [false, true]);
      assert.ok(!lease.lost.aborted);
      assert.throws(() => one.requireLease(), { code: 'STORE_LEASE_LOST' });
      assert.ok(lease.lost.aborted, 'the holder is told');
    });
  });

  it('does not bind a store that never held it, for writes that need none', async () => {
    await withFolder(async ({ open }) => {
      const lease = await acquireLease(open(), systemClock);
      assert.equal(await open().commit(() => 'a secret is set'), 'a secret is set');
      await lease.release();
    });
  });

  it('is given back by work that stands still, fifteen minutes after it said that it would be heard again', async () => {
    await withFolder(async ({ open }) => {
      const clock = createEventClock(Date.UTC(2026, 0, 1));
      const [one, other] = [open(), open()];
      const lease = await acquireLease(one, clock);
      const after = (minutes: number): Promise<void> => clock.drive(clock.sleep(minutes * 60_000));
      await after(14);
      lease.progress();
      await after(14);
      lease.progress(30 * 60_000);
      await after(20);
      // What is nearer takes nothing from what may take longer.
      lease.progress();
      await after(24);
      assert.equal(lease.lost.aborted, false);
      await after(2);
      assert.equal(lease.lost.reason.code, 'STORE_LEASE_STALLED');
      await assert.rejects(
        one.commit(() => undefined),
        { code: 'STORE_LEASE_LOST' },
      );
      const next = await acquireLease(other, clock);
      await next.release();
    });
  });

  it('that ends absurdly late, since the clock was put back, is taken over', async () => {
    await withFolder(async ({ open }) => {
      const clock = handClock();
      const first = await acquireLease(open(), clock, 30_000);
      clock.move(-7 * 24 * 3600_000);
      const second = await acquireLease(open(), clock);
      assert.ok(second.token > first.token);
    });
  });
});

describe('a process', () => {
  it('is told from one that had its number before, and from earlier boots', () => {
    const own = ownIdentity();
    assert.equal(isGone(own), false);
    if (own.started === null || own.boot === null) return;
    assert.equal(isGone({ ...own, started: '1' }), true);
    assert.equal(isGone({ ...own, boot: '00000000-0000-0000-0000-000000000000' }), true);
    // Of another container nothing can be told.
    assert.equal(isGone({ ...own, pid: 2 ** 22 + 1, namespace: 'pid:[1]' }), false);
    assert.equal(isGone({ ...own, pid: 2 ** 22 + 1 }), true);
  });
});
