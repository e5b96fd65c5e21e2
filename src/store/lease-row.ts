import type { DatabaseSync } from 'node:sqlite';
import { isGone, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import { integer, optionalText } from './row.ts';
import { statement } from './statements.ts';

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

/** The lease as it stands in the database, expired or not. Throws STORE_CORRUPT when it is not there. */
export function readLease(db: DatabaseSync): LeaseRow {
  const row = statement(db, 'SELECT token, holder, expires_at, ttl FROM lease WHERE id = 1').get() ?? {};
  return {
    token: integer(row, 'token'),
    holder: parseHolder(optionalText(row, 'holder')),
    expiresAt: integer(row, 'expires_at'),
    ttl: integer(row, 'ttl'),
  };
}

/** The token of the lease as it stands now. */
export function leaseToken(db: DatabaseSync): unknown {
  return statement(db, 'SELECT token FROM lease WHERE id = 1').get()?.['token'];
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

/** A clock that was put back stays known until correctAfterClockPutBack is done, whoever is killed before. */
const KEEP_LATEST = 'latest_time = max(latest_time, ?)';

/** Gives the lease to this process for `ttl` milliseconds from `now` on; the new token. */
export function takeLease(db: DatabaseSync, now: number, ttl: number): number {
  const token = readLease(db).token + 1;
  const sql = `UPDATE lease SET token = ?, holder = ?, expires_at = ?, ttl = ?, ${KEEP_LATEST} WHERE id = 1`;
  statement(db, sql).run(token, JSON.stringify(ownIdentity()), now + ttl, ttl, now);
  return token;
}

/** The lease lasts for `ttl` milliseconds from `now` on. */
export function prolongLease(db: DatabaseSync, now: number, ttl: number): void {
  statement(db, `UPDATE lease SET expires_at = ?, ${KEEP_LATEST} WHERE id = 1`).run(now + ttl, now);
}

/** Nobody has the lease; whoever had it is fenced. */
export function freeLease(db: DatabaseSync): void {
  statement(db, 'UPDATE lease SET token = token + 1, holder = NULL, expires_at = 0 WHERE id = 1').run();
}

/** The latest time that any holder saw, milliseconds since 1970. Later than now: the clock was put back since. */
export function latestTime(db: DatabaseSync): number {
  return integer(statement(db, 'SELECT latest_time FROM lease WHERE id = 1').get() ?? {}, 'latest_time');
}

/** From here on this is the latest time that was seen. */
export function noteTime(db: DatabaseSync, now: number): void {
  statement(db, 'UPDATE lease SET latest_time = ? WHERE id = 1').run(now);
}
