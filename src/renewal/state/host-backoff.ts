import type { DatabaseSync } from 'node:sqlite';
import { integer, text } from '../../store/row.ts';
import { statement } from '../../store/statements.ts';
import type { Transaction } from '../../store/store.ts';

// The table `host_backoff`: hosts that asked us to stay away for longer than anybody waits. Nothing else writes it. Times are milliseconds
// since 1970.

export interface HostBackoff {
  readonly host: string;
  /** No request is sent there before. */
  readonly until: number;
}

/** Hosts that no request is sent to now. A row that was noted later than now is of a clock that was put back. */
export function hostBackoffs(db: DatabaseSync, now: number): readonly HostBackoff[] {
  return statement(db, 'SELECT host, until FROM host_backoff WHERE until > ? AND noted_at <= ? ORDER BY host')
    .all(now, now)
    .map((row) => ({ host: text(row, 'host'), until: integer(row, 'until') }));
}

export function noteHostBackoff({ db, audit }: Transaction, { host, until }: HostBackoff, now: number): void {
  statement(db, 'DELETE FROM host_backoff WHERE until <= ? OR noted_at > ?').run(now, now);
  statement(
    db,
    `INSERT INTO host_backoff (host, until, noted_at) VALUES (?, ?, ?)
     ON CONFLICT (host) DO UPDATE SET until = excluded.until, noted_at = excluded.noted_at`,
  ).run(host, until, now);
  audit({ type: 'host.backoff', subject: host, data: { until: new Date(until).toISOString() } });
}
