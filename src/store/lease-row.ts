import type { DatabaseSync } from 'node:sqlite';
import { isGone, type ProcessIdentity } from './process-identity.ts';

/** The one row of the lease. */
export interface LeaseRow {
  readonly token: number;
  /** null when it is free. */
  readonly holder: ProcessIdentity | null;
  /** ms since 1970. */
  readonly expiresAt: number;
  /** ms between the last prolongation and `expiresAt`. */
  readonly ttl: number;
}

/** The lease as it stands in the database, expired or not. */
export function readLease(db: DatabaseSync): LeaseRow {
  const row = db.prepare('SELECT token, holder, expires_at, ttl FROM lease WHERE id = 1').get() ?? {};
  return {
    token: row['token'] as number,
    holder: parseHolder(row['holder'] as string | null),
    expiresAt: row['expires_at'] as number,
    ttl: row['ttl'] as number,
  };
}

/**
 * Who holds the lease now: null when nobody does, when its time has run out, or when the holder is dead. A time that
 * lies further ahead than any holder sets it means that the clock was put back; fencing makes it safe to take that for
 * run out.
 */
export function activeHolder({ holder, expiresAt, ttl }: LeaseRow, now: number): ProcessIdentity | null {
  const runsOut = expiresAt <= now || expiresAt > now + 2 * ttl;
  return holder === null || runsOut || isGone(holder) ? null : holder;
}

/** What is no holder holds nothing: fencing makes it safe to take over. */
function parseHolder(text: string | null): ProcessIdentity | null {
  try {
    const { pid, started = null, boot = null, namespace = null } = JSON.parse(text ?? '{}') as Partial<ProcessIdentity>;
    return typeof pid === 'number' ? { pid, started, boot, namespace } : null;
  } catch {
    return null;
  }
}

/** The latest time that any holder saw, milliseconds since 1970. Later than now: the clock was put back since. */
export function latestTime(db: DatabaseSync): number {
  return db.prepare('SELECT latest_time FROM lease WHERE id = 1').get()?.['latest_time'] as number;
}

/** From here on this is the latest time that was seen. */
export function noteTime(db: DatabaseSync, now: number): void {
  db.prepare('UPDATE lease SET latest_time = ? WHERE id = 1').run(now);
}
