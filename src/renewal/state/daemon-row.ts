import type { DatabaseSync } from 'node:sqlite';
import type { ErrorCode } from '../../errors/table.ts';
import { integer, optionalJson } from '../../store/row.ts';
import { statement } from '../../store/statements.ts';

/** The process of `everbind run`, as it noted itself last. Times are milliseconds since 1970. */
export interface Daemon {
  readonly pid: number;
  readonly startedAt: number;
  readonly seenAt: number;
  /** When it works next; not after `seenAt`: it is at work. */
  readonly nextWake: number;
  /** Why the last cycle as a whole failed; null when it did not. */
  readonly trouble: { readonly code: ErrorCode; readonly message: string; readonly at: number } | null;
}

/** null when none ran, or the last one was stopped. */
export function readDaemon(db: DatabaseSync): Daemon | null {
  const row = statement(db, 'SELECT * FROM daemon').get();
  if (row === undefined) return null;
  return {
    pid: integer(row, 'pid'),
    startedAt: integer(row, 'started_at'),
    seenAt: integer(row, 'seen_at'),
    nextWake: integer(row, 'next_wake'),
    trouble: optionalJson<NonNullable<Daemon['trouble']>>(row, 'trouble'),
  };
}

/** Notes that `everbind run` lives. */
export function writeDaemon(db: DatabaseSync, { pid, startedAt, seenAt, nextWake, trouble }: Daemon): void {
  statement(
    db,
    `INSERT INTO daemon (id, pid, started_at, seen_at, next_wake, trouble) VALUES (1, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET pid = excluded.pid, started_at = excluded.started_at, seen_at = excluded.seen_at,
     next_wake = excluded.next_wake, trouble = excluded.trouble`,
  ).run(pid, startedAt, seenAt, nextWake, trouble === null ? null : JSON.stringify(trouble));
}

/** Notes that it was told to stop. */
export function removeDaemon(db: DatabaseSync): void {
  statement(db, 'DELETE FROM daemon').run();
}
