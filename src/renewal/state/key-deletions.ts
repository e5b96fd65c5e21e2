import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../ports/clock.ts';
import type { KeyCustody, KeyHandle } from '../../ports/key-store.ts';
import { text } from '../../store/row.ts';
import { type ClockShift, shiftTimes } from '../../store/shift-times.ts';
import { statement } from '../../store/statements.ts';
import type { Store, Transaction } from '../../store/store.ts';

// The table `key_deletion`: keys that nothing needs any more. Nothing else writes it. Times are milliseconds
// since 1970.

/** A key to destroy; `subject` is an issuer or a certificate. */
interface KeyDeletion {
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

/** Whether a key is to be destroyed by now. */
export function anyKeyToDestroy(db: DatabaseSync, now: number): boolean {
  return statement(db, 'SELECT 1 FROM key_deletion WHERE destroy_at <= ? LIMIT 1').get(now) !== undefined;
}

/** What could not be destroyed is tried again after this time. */
const AGAIN_MS = 86_400_000;

/** Destroys the keys that nothing needs by now. One that cannot be destroyed keeps nobody from the others. */
export async function destroyDueKeys(store: Store, keys: KeyCustody, clock: Clock): Promise<void> {
  for (const due of store.read((db) => dueKeyDeletions(db, clock.now()))) {
    const destroyed = await keys.destroy(due.handle).then(
      () => true,
      () => false,
    );
    await store.commit((transaction) =>
      destroyed ? noteDestroyed(transaction, due) : destroyLater(transaction, due, clock.now() + AGAIN_MS),
    );
  }
}

function dueKeyDeletions(db: DatabaseSync, now: number): readonly KeyDeletion[] {
  return statement(db, 'SELECT handle, subject FROM key_deletion WHERE destroy_at <= ? LIMIT 1000')
    .all(now)
    .map((row) => ({ handle: text(row, 'handle'), subject: text(row, 'subject') }));
}

function destroyLater({ db }: Transaction, { handle }: KeyDeletion, at: number): void {
  statement(db, 'UPDATE key_deletion SET destroy_at = ? WHERE handle = ?').run(at, handle);
}

function noteDestroyed({ db, audit }: Transaction, { handle, subject }: KeyDeletion): void {
  statement(db, 'DELETE FROM key_deletion WHERE handle = ?').run(handle);
  audit({ type: 'key.destroyed', subject, data: { key: handle } });
}

/** After the clock was put back. */
export function shiftKeyDeletions(db: DatabaseSync, shift: ClockShift): void {
  shiftTimes(db, { table: 'key_deletion', columns: ['destroy_at'] }, shift);
}
