import { EverbindError } from '../errors/error.ts';
import type { Clock } from '../ports/clock.ts';
import { isGone, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import type { Store } from './store.ts';

/** The right to write, for one process at a time. While it is held, every commit of the store checks it. */
export interface Lease {
  /** Larger than that of every earlier holder. */
  readonly token: number;
  /** Aborted with STORE_LEASE_LOST when another process took over. */
  readonly lost: AbortSignal;
  /** Gives it back; safe to repeat. */
  release(): Promise<void>;
}

const TTL_MS = 30_000;

/**
 * Takes the lease, or throws STORE_LEASE_HELD. A holder on this machine that is dead is replaced at once, any other after its time has run
 * out. Prolonged by itself at a third of its time.
 */
export async function acquireLease(store: Store, clock: Clock, ttlMs = TTL_MS): Promise<Lease> {
  const own = JSON.stringify(ownIdentity());
  const token = await store.commit(({ db }) => {
    const row = db.prepare('SELECT token, holder, expires_at FROM lease WHERE id = 1').get() ?? {};
    const holder = row['holder'] as string | null;
    const expiresAt = row['expires_at'] as number;
    if (holder !== null && expiresAt > clock.now() && !isGone(JSON.parse(holder) as ProcessIdentity)) {
      const { pid } = JSON.parse(holder) as ProcessIdentity;
      throw new EverbindError('STORE_LEASE_HELD', `another Everbind (process ${pid}) is at work on ${store.path}`, {
        pid,
      });
    }
    const next = (row['token'] as number) + 1;
    db.prepare('UPDATE lease SET token = ?, holder = ?, expires_at = ? WHERE id = 1').run(
      next,
      own,
      clock.now() + ttlMs,
    );
    return next;
  });
  store.fence(token);
  const controller = new AbortController();
  const prolong = (): void => {
    store
      .commit(({ db }) => void db.prepare('UPDATE lease SET expires_at = ? WHERE id = 1').run(clock.now() + ttlMs))
      .catch((error: unknown) => {
        // A full disk or a busy database passes; a lost lease does not.
        if (error instanceof EverbindError && error.code === 'STORE_LEASE_LOST') {
          clearInterval(timer);
          controller.abort(error);
        }
      });
  };
  const timer = setInterval(prolong, ttlMs / 3);
  timer.unref();
  let released = false;
  return {
    token,
    lost: controller.signal,
    release: async () => {
      if (released) return;
      released = true;
      clearInterval(timer);
      if (controller.signal.aborted) return;
      await store.commit(
        ({ db }) => void db.prepare('UPDATE lease SET holder = NULL, expires_at = 0 WHERE id = 1').run(),
      );
      store.fence(null);
    },
  };
}
