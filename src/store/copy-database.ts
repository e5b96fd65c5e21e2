import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { emptyLog } from './audit-log.ts';
import { storeFailure } from './store-failure.ts';

/**
 * Writes a consistent copy of a database, private from the start, even while another process writes to the original.
 * The audit log of the copy is empty, so that any key may sign it; the original's log goes on only with its own key.
 */
export function copyWithoutLog(from: string, to: string): void {
  try {
    closeSync(openSync(to, 'wx', 0o600));
    closing(new DatabaseSync(from, { readOnly: true, timeout: 5000 }), (db) => db.prepare('VACUUM INTO ?').run(to));
    closing(new DatabaseSync(to), (db) => {
      if (!hasLog(db)) return;
      db.exec('PRAGMA synchronous = OFF; BEGIN');
      emptyLog(db);
      db.exec('COMMIT');
    });
  } catch (error) {
    throw storeFailure(error, from);
  }
}

/** False for a database that is still empty. */
function hasLog(db: DatabaseSync): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'audit_range'").get() !== undefined;
}

function closing(db: DatabaseSync, work: (db: DatabaseSync) => unknown): void {
  try {
    work(db);
  } finally {
    db.close();
  }
}
