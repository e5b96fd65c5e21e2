import type { DatabaseSync } from 'node:sqlite';
import type { KeyHandle } from '../../ports/key-store.ts';
import { text } from '../../store/row.ts';
import { type ClockShift, shiftTimes } from '../../store/shift-times.ts';
import { statement } from '../../store/statements.ts';
import type { Transaction } from '../../store/store.ts';

// The table `key_deletion`: keys that nothing needs any more. Nothing else writes it. Times are milliseconds
// since 1970.

/** A key to destroy; `subject` is an issuer or a certificate. */
export interface KeyDeletion {
  readonly handle: KeyHandle;
  readonly subject: string;
}

/**
 * Notes a key that is not needed any more, or will not be once this run is over, in the transaction that makes it so.
 * It is destroyed at the end of a run from `at` on; a kill leaves it to the next one.
 */
export function scheduleKeyDeletion(
  { db }: Pick<Transaction, 'db'>,
  subject: string,
  handle: KeyHandle,
  at: number,
): void {
  statement(
    db,
    `INSERT INTO key_deletion (handle, subject, destroy_at) VALUES (?, ?, ?)
     ON CONFLICT (handle) DO UPDATE SET destroy_at = excluded.destroy_at`,
  ).run(handle, subject, at);
}

/** Those to destroy by now, at most `limit`. */
export function dueKeyDeletions(db: DatabaseSync, now: number, limit = 1000): readonly KeyDeletion[] {
  return statement(db, 'SELECT handle, subject FROM key_deletion WHERE destroy_at <= ? LIMIT ?')
    .all(now, limit)
    .map((row) => ({ handle: text(row, 'handle'), subject: text(row, 'subject') }));
}

/** It could not be destroyed, and is tried again then. */
export function deleteKeyLater({ db }: Pick<Transaction, 'db'>, handle: KeyHandle, at: number): void {
  statement(db, 'UPDATE key_deletion SET destroy_at = ? WHERE handle = ?').run(at, handle);
}

/** It is destroyed. */
export function noteKeyDeleted({ db, audit }: Transaction, { handle, subject }: KeyDeletion): void {
  statement(db, 'DELETE FROM key_deletion WHERE handle = ?').run(handle);
  audit({ type: 'key.destroyed', subject, data: { key: handle } });
}

/** After the clock was put back. */
export function shiftKeyDeletions(db: DatabaseSync, shift: ClockShift): void {
  shiftTimes(db, { table: 'key_deletion', columns: ['destroy_at'] }, shift);
}
