import { EverbindError } from '../errors/error.ts';
import type { Clock } from '../ports/clock.ts';
import { activeHolder, freeLease, prolongLease, readLease, takeLease } from './lease-row.ts';
import { pendingMigrations } from './migrations.ts';
import type { Store } from './store.ts';

/** The right to write, for one process at a time. While it is held, every commit of the store checks it. */
export interface Lease {
  /** Larger than that of every earlier holder. */
  readonly token: number;
  /** Aborted with STORE_LEASE_LOST when another process took over. */
  readonly lost: AbortSignal;
  /**
   * Gives it back; safe to repeat, never fails. Commits of this store that come later fail with STORE_LEASE_LOST, until
   * the next lease.
   */
  release(): Promise<void>;
}

const TTL_MS = 30_000;

/**
 * Takes the lease, or throws STORE_LEASE_HELD. A holder on this machine that is dead is replaced at once, any other
 * after its time has run out. Prolonged by itself at a third of its time.
 */
export async function acquireLease(store: Store, clock: Clock, ttlMs = TTL_MS): Promise<Lease> {
  const token = await store.commit(
    ({ db }) => {
      // Another program may have brought the database up to date since this one opened it.
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
      // The loss of the lease is told by the fence. A full disk passes, or the lease runs out and is lost.
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
        // Not given back, it runs out by itself.
        .catch(() => undefined);
    },
  };
}
