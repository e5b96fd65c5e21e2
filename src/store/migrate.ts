import type { DatabaseSync } from 'node:sqlite';
import { EverbindError } from '../errors/error.ts';
import { keepCopy } from './keep-copy.ts';
import { activeHolder, readLease } from './lease-row.ts';
import { applyMigration, type Migration, pendingMigrations } from './migrations.ts';

/**
 * Brings the database up to date, all or nothing, and keeps a copy of one that exists. Throws STORE_LEASE_HELD while
 * another process is at work: an older program must not meet tables that it does not know. Besides, what
 * pendingMigrations throws.
 */
export function migrate(db: DatabaseSync, path: string, now: number, known?: readonly Migration[]): void {
  if (pendingMigrations(db, known).pending.length === 0) return;
  // SQLite's own advice for changing tables that others refer to (sqlite.org/lang_altertable.html section 7). It has no
  // effect within a transaction.
  db.exec('PRAGMA foreign_keys = OFF');
  db.exec('BEGIN IMMEDIATE');
  try {
    // Asked again under the lock: another process may have migrated meanwhile.
    const { fresh, pending } = pendingMigrations(db, known);
    if (!fresh && pending.length > 0) {
      refuseWhileHeld(db, now);
      keepCopy(path, now);
    }
    for (const migration of pending) applyMigration(db, migration);
    const broken = db.prepare('PRAGMA foreign_key_check').get();
    if (broken !== undefined) throw new Error(`a migration broke references of ${String(broken['table'])}`);
    db.exec('COMMIT');
  } finally {
    if (db.isTransaction) db.exec('ROLLBACK');
    db.exec('PRAGMA foreign_keys = ON');
  }
}

function refuseWhileHeld(db: DatabaseSync, now: number): void {
  const holder = activeHolder(readLease(db), now);
  if (holder === null || holder.pid === process.pid) return;
  throw new EverbindError(
    'STORE_LEASE_HELD',
    `another Everbind (process ${holder.pid}) is at work; the database is brought up to date once it has ended`,
    { pid: holder.pid },
  );
}
