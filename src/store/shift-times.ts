import type { DatabaseSync } from 'node:sqlite';
import { statement } from './statements.ts';

/** How far a clock was put back, milliseconds, and what it says now, milliseconds since 1970. */
export interface ClockShift {
  readonly ahead: number;
  readonly now: number;
}

/**
 * Corrects moments that were counted from a clock that was ahead: those that lie ahead of the present come earlier by
 * as much as the clock was put back, or now. `table`, `columns` and `where` are SQL of the table's owner.
 */
export function shiftTimes(
  db: DatabaseSync,
  {
    table,
    columns,
    where = 'true',
  }: { readonly table: string; readonly columns: readonly string[]; readonly where?: string },
  { ahead, now }: ClockShift,
): void {
  for (const column of columns) {
    const sql = `UPDATE ${table} SET ${column} = max(?, ${column} - ?) WHERE ${column} > ? AND ${where}`;
    statement(db, sql).run(now, ahead, now);
  }
}
