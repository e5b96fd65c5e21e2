import { alarm } from '../concurrency/deadline.ts';
import { EverbindError } from '../errors/error.ts';
import type { Clock } from '../ports/clock.ts';
import { activeHolder, freeLease, prolongLease, readLease, takeLease } from './lease-row.ts';
import { pendingMigrations } from './migrations.ts';
import type { Store } from './store.ts';

/** The right to write, which one process has at a time. While it is held, every commit of the store checks it. */
export interface Lease {
  /** Larger than the token of every earlier holder. */
  readonly token: number;
  /**
   * Aborted with STORE_LEASE_LOST when another process has taken over, with STORE_LEASE_STALLED when the work stood
   * still.
   */
  readonly lost: AbortSignal;
  /**
   * Says that the work goes on, and may go on for so many milliseconds before this is called again. Work that is silent
   * for fifteen minutes longer has lost its way: the lease is given back, whatever the process does.
   */
  progress(quietMs?: number): void;
  /**
   * Gives the lease back. Safe to repeat, never fails. Later commits of this store fail with STORE_LEASE_LOST until it
   * takes the lease again.
   */
  release(): Promise<void>;
}

const TTL_MS = 30_000;
const STALLED_MS = 15 * 60_000;

/**
 * Takes the lease, or throws STORE_LEASE_HELD. Replaces a dead holder on this machine at once, any other holder once
 * its time has run out. Prolongs the lease whenever a third of its time has passed, while the work makes progress.
 */
export async function acquireLease(store: Store, clock: Clock, ttlMs = TTL_MS): Promise<Lease> {
  const token = await store.commit(
    ({ db }) => {
      // A newer program may have migrated the database since this one opened it.
      pendingMigrations(db);
      const now = clock.now();
      const other = activeHolder(readLease(db), now);
      if (other !== null) {
        throw new EverbindError(
          'STORE_LEASE_HELD',
          `another Everbind (process ${other.pid}) is at work on ${store.path}`,
          { pid: other.pid },
        );
      }
      return takeLease(db, now, ttlMs);
    },
    { fenced: false },
  );
  const controller = new AbortController();
  let ended = false;
  const end = (): void => {
    ended = true;
    clearInterval(timer);
    cancel();
  };
  store.fence({
    token,
    onLost: (error) => {
      if (!ended) controller.abort(error);
      end();
    },
  });
  const prolong = (): void => {
    store
      .commit(({ db }) => prolongLease(db, clock.now(), ttlMs))
      // The fence reports a lost lease. A full disk gets room again, or the lease runs out and is lost.
      .catch(() => undefined);
  };
  const timer = setInterval(prolong, ttlMs / 3);
  timer.unref();
  const release = async (): Promise<void> => {
    if (ended) return;
    end();
    await store
      .commit(({ db }) => freeLease(db))
      // A lease that is not given back runs out by itself.
      .catch(() => undefined);
  };
  let quietUntil = 0;
  let cancel = (): void => {};
  const progress = (quietMs = 0): void => {
    if (ended) return;
    const now = clock.now();
    quietUntil = Math.max(quietUntil, now + quietMs);
    cancel();
    cancel = alarm(clock, quietUntil - now + STALLED_MS, () => {
      const message = 'the work on the state folder stood still past its deadline';
      controller.abort(new EverbindError('STORE_LEASE_STALLED', message));
      void release();
    });
  };
  progress();
  return { token, lost: controller.signal, progress, release };
}
