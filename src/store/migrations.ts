import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { EverbindError } from '../errors/error.ts';
import { core } from './sql/001-core.ts';
import { custody } from './sql/010-custody.ts';
import { renewal } from './sql/020-renewal.ts';

// SQL stands in TypeScript strings so that the bundle of a release carries it. Forward only: an applied one never changes.
const migrations: readonly { readonly number: number; readonly sql: string }[] = [
  { number: 1, sql: core },
  { number: 10, sql: custody },
  { number: 20, sql: renewal },
];

/** Numbers of the migrations that this database still needs. Throws STORE_NEWER, STORE_MIGRATION_CHANGED. */
export function pendingMigrations(db: DatabaseSync): readonly number[] {
  const exists = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'migration'").get() !== undefined;
  const rows = exists ? db.prepare('SELECT number, sha256 FROM migration').all() : [];
  const applied = new Map(rows.map((row) => [row['number'] as number, row['sha256'] as string]));
  for (const [number, hash] of applied) {
    const known = migrations.find((migration) => migration.number === number);
    if (known === undefined) {
      throw new EverbindError('STORE_NEWER', `the database has migration ${number}, which this program does not know`, {
        number,
      });
    }
    if (sha256(known.sql) !== hash) {
      throw new EverbindError('STORE_MIGRATION_CHANGED', `migration ${number} is not the one that was applied`, {
        number,
      });
    }
  }
  return migrations.filter(({ number }) => !applied.has(number)).map(({ number }) => number);
}

/** Applies what is pending, all or nothing. */
export function migrate(db: DatabaseSync): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    db.exec('CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL) STRICT');
    // Asked again under the lock: another process may have migrated meanwhile.
    for (const number of pendingMigrations(db)) {
      const sql = migrations.find((migration) => migration.number === number)?.sql ?? '';
      db.exec(sql);
      db.prepare('INSERT INTO migration (number, sha256) VALUES (?, ?)').run(number, sha256(sql));
    }
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
