import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { EverbindError } from '../errors/error.ts';
import { core } from './sql/001-core.ts';
import { custody } from './sql/010-custody.ts';
import { renewal } from './sql/020-renewal.ts';
import { issuers } from './sql/030-issuers.ts';
import { runner } from './sql/040-runner.ts';
import { scale } from './sql/045-scale.ts';
import { limits } from './sql/050-limits.ts';
import { accounts } from './sql/060-accounts.ts';
import { rehearsals } from './sql/061-rehearsals.ts';
import { challenges } from './sql/070-challenges.ts';
import { authorized } from './sql/071-authorized.ts';
import { keys } from './sql/072-keys.ts';
import { clock } from './sql/073-clock.ts';
import { endpoints } from './sql/074-endpoints.ts';

interface Migration {
  readonly number: number;
  readonly sql: string;
}

/**
 * In the order in which a new database gets them. SQL stands in TypeScript strings so that the bundle of a release carries it. Forward only:
 * an applied one never changes, not even its comments, and once released no number is added below the largest.
 */
export const migrations: readonly Migration[] = [
  { number: 1, sql: core },
  { number: 10, sql: custody },
  { number: 20, sql: renewal },
  { number: 30, sql: issuers },
  { number: 40, sql: runner },
  { number: 45, sql: scale },
  { number: 50, sql: limits },
  { number: 60, sql: accounts },
  { number: 61, sql: rehearsals },
  { number: 70, sql: challenges },
  { number: 71, sql: authorized },
  { number: 72, sql: keys },
  { number: 73, sql: clock },
  { number: 74, sql: endpoints },
];

/** What this database still needs; `fresh` when there is nothing in it yet. Throws STORE_NEWER, STORE_MIGRATION_CHANGED, STORE_FOREIGN. */
export function pendingMigrations(db: DatabaseSync): {
  readonly fresh: boolean;
  readonly pending: readonly Migration[];
} {
  const tables = db.prepare('SELECT name FROM sqlite_schema').all();
  if (tables.length === 0) return { fresh: true, pending: migrations };
  if (!tables.some((row) => row['name'] === 'migration')) {
    throw new EverbindError('STORE_FOREIGN', 'the file is a database, but none of Everbind');
  }
  const applied = new Map(
    db
      .prepare('SELECT number, sha256 FROM migration')
      .all()
      .map((row) => [row['number'] as number, row['sha256'] as string]),
  );
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
  return { fresh: false, pending: migrations.filter(({ number }) => !applied.has(number)) };
}

/** Applies one migration, inside a transaction of the caller. */
export function applyMigration(db: DatabaseSync, { number, sql }: Migration): void {
  db.exec('CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL) STRICT');
  db.exec(sql);
  db.prepare('INSERT INTO migration (number, sha256) VALUES (?, ?)').run(number, sha256(sql));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
