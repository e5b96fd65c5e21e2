import type { DatabaseSync } from 'node:sqlite';
import type { ErrorCode } from '../../errors/table.ts';
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
    pid: row['pid'] as number,
    startedAt: row['started_at'] as number,
    seenAt: row['seen_at'] as number,
    nextWake: row['next_wake'] as number,
    trouble: row['trouble'] === null ? null : (JSON.parse(row['trouble'] as string) as NonNullable<Daemon['trouble']>),
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

/** When there is something to do next: a renewal, a window to ask for, an old certificate to look at; null: nothing in sight. */
export function nextWake(db: DatabaseSync): number | null {
  const row = statement(
    db,
    `SELECT min(at) AS at FROM (
       SELECT min(next_due) AS at FROM certificate WHERE removed = 0
       UNION ALL SELECT min(next_poll) FROM certificate WHERE removed = 0 AND next_poll IS NOT NULL
       UNION ALL SELECT min(retire_at) FROM issued WHERE retire_at IS NOT NULL)`,
  ).get();
  return (row?.['at'] as number | null | undefined) ?? null;
}
