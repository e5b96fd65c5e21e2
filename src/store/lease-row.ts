import type { DatabaseSync } from 'node:sqlite';
import { isGone, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import { integer, optionalText } from './row.ts';
import { statement } from './statements.ts';

/** The one row of the lease. */
export interface LeaseRow {
  readonly token: number;
  /** null when the lease is free. */
  readonly holder: ProcessIdentity | null;
  /** ms since 1970. */
  readonly expiresAt: number;
  /** ms from the last prolongation to `expiresAt`. */
  readonly ttl: number;
}

/** The lease in the database, expired or not. Throws STORE_CORRUPT when the row is missing. */
export function readLease(db: DatabaseSync): LeaseRow {
  const row = statement(db, 'SELECT token, holder, expires_at, ttl FROM lease WHERE id = 1').get() ?? {};
  return {
    token: integer(row, 'token'),
    holder: parseHolder(optionalText(row, 'holder')),
    expiresAt: integer(row, 'expires_at'),
    ttl: integer(row, 'ttl'),
  };
}

/** The token of the lease in the database. */
export function leaseToken(db: DatabaseSync): unknown {
  return statement(db, 'SELECT token FROM lease WHERE id = 1').get()?.['token'];
}

/**
 * Who holds the lease now: null when nobody does, when its time has run out, or when the holder is dead. When it
 * expires later than any holder sets it, the clock was put back, and it counts as run out. Fencing makes that safe.
 */
export function activeHolder({ holder, expiresAt, ttl }: LeaseRow, now: number): ProcessIdentity | null {
  const runsOut = expiresAt <= now || expiresAt > now + 2 * ttl;
  return holder === null || runsOut || isGone(holder) ? null : holder;
}

/** null for a text that names no process. Fencing makes it safe to take over. */
function parseHolder(text: string | null): ProcessIdentity | null {
  try {
    const { pid, started = null, boot = null, namespace = null } = JSON.parse(text ?? '{}') as Partial<ProcessIdentity>;
    return typeof pid === 'number' ? { pid, started, boot, namespace } : null;
  } catch {
    return null;
  }
}

/**
 * A clock that was put back must be known until correctAfterClockPutBack is done, whichever process is killed before.
 */
const KEEP_LATEST = 'latest_time = max(latest_time, ?)';

/** Gives the lease to this process for `ttl` milliseconds from `now` on. Returns the new token. */
export function takeLease(db: DatabaseSync, now: number, ttl: number): number {
  const token = readLease(db).token + 1;
  const sql = `UPDATE lease SET token = ?, holder = ?, expires_at = ?, ttl = ?, ${KEEP_LATEST} WHERE id = 1`;
  statement(db, sql).run(token, JSON.stringify(ownIdentity()), now + ttl, ttl, now);
  return token;
}

/** Lets the lease last for `ttl` milliseconds from `now` on. */
export function prolongLease(db: DatabaseSync, now: number, ttl: number): void {
  statement(db, `UPDATE lease SET expires_at = ?, ${KEEP_LATEST} WHERE id = 1`).run(now + ttl, now);
}

/** Frees the lease. The process that had it is fenced. */
export function freeLease(db: DatabaseSync): void {
  statement(db, 'UPDATE lease SET token = token + 1, holder = NULL, expires_at = 0 WHERE id = 1').run();
}

/** The latest time that a holder saw, milliseconds since 1970. When it is later than now, the clock was put back. */
export function latestTime(db: DatabaseSync): number {
  return integer(statement(db, 'SELECT latest_time FROM lease WHERE id = 1').get() ?? {}, 'latest_time');
}

/** Makes this the latest time that a holder saw. */
export function noteTime(db: DatabaseSync, now: number): void {
  statement(db, 'UPDATE lease SET latest_time = ? WHERE id = 1').run(now);
}
