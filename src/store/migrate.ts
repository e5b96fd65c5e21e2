import type { DatabaseSync } from 'node:sqlite';
import { EverbindError } from '../errors/error.ts';
import { keepCopy } from './keep-copy.ts';
import { activeHolder, readLease } from './lease-row.ts';
import { applyMigration, type Migration, pendingMigrations } from './migrations.ts';
import { migrateDigests } from './row-digest.ts';

/**
 * Brings the database up to date, all or nothing; first keeps a copy of one that exists. Throws STORE_LEASE_HELD while
 * another process is at work, since an older program must not meet tables that it does not know, and what
 * pendingMigrations throws.
 */
export function migrate(db: DatabaseSync, path: string, now: number, known?: readonly Migration[]): void {
  if (pendingMigrations(db, known).pending.length === 0) return;
  // SQLite advises this for changes of tables that others refer to (sqlite.org/lang_altertable.html section 7). It has
  // no effect inside a transaction.
  db.exec('PRAGMA foreign_keys = OFF');
  db.exec('BEGIN IMMEDIATE');
  try {
    // Checked again under the lock: another process may have migrated meanwhile.
    const { fresh, pending } = pendingMigrations(db, known);
    if (!fresh && pending.length > 0) {
      refuseWhileHeld(db, now);
      keepCopy(path, now);
    }
    migrateDigests(db, () => {
      for (const migration of pending) applyMigration(db, migration);
    });
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
