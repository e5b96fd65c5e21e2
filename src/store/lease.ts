import { EverbindError } from '../errors/error.ts';
import type { Clock } from '../ports/clock.ts';
import { activeHolder, freeLease, prolongLease, readLease, takeLease } from './lease-row.ts';
import { pendingMigrations } from './migrations.ts';
import type { Store } from './store.ts';

/** The right to write, which one process has at a time. While it is held, every commit of the store checks it. */
export interface Lease {
  /** Larger than the token of every earlier holder. */
  readonly token: number;
  /** Aborted with STORE_LEASE_LOST when another process has taken over. */
  readonly lost: AbortSignal;
  /**
   * Gives the lease back. Safe to repeat, never fails. Later commits of this store fail with STORE_LEASE_LOST until it
   * takes the lease again.
   */
  release(): Promise<void>;
}

const TTL_MS = 30_000;

/**
 * Takes the lease, or throws STORE_LEASE_HELD. Replaces a dead holder on this machine at once, any other holder once
 * its time has run out. Prolongs the lease whenever a third of its time has passed.
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
  store.fence({
    token,
    onLost: (error) => {
      clearInterval(timer);
      if (!ended) controller.abort(error);
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
  return {
    token,
    lost: controller.signal,
    release: async () => {
      if (ended) return;
      ended = true;
      clearInterval(timer);
      await store
        .commit(({ db }) => freeLease(db))
        // A lease that is not given back runs out by itself.
        .catch(() => undefined);
    },
  };
}
