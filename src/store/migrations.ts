import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { EverbindError } from '../errors/error.ts';
import { auditAndLease } from './sql/audit-and-lease.ts';
import { certificate } from './sql/certificate.ts';
import { challenge } from './sql/challenge.ts';
import { custody } from './sql/custody.ts';
import { daemon } from './sql/daemon.ts';
import { hostBackoffPerIssuer } from './sql/host-backoff-per-issuer.ts';
import { deployedState } from './sql/deployed-state.ts';
import { issuer } from './sql/issuer.ts';
import { otherCertificate } from './sql/other-certificate.ts';
import { renewal } from './sql/renewal.ts';
import { restoreFailures } from './sql/restore-failures.ts';
import { rowDigests } from './sql/row-digests.ts';
import { verifiedEndpoints } from './sql/verified-endpoints.ts';

/** One change of the schema. */
export interface Migration {
  readonly number: number;
  readonly sql: string;
}

/**
 * In the order in which a new database gets them. The SQL is in TypeScript strings so that the bundle of a release has
 * it. Forward only: a migration that was applied never changes, not even its comments, and after a release no number is
 * added below the largest. Numbers below 100 belong to the schema from before the first release.
 */
export const migrations: readonly Migration[] = [
  { number: 100, sql: [auditAndLease, custody, certificate, renewal, issuer, challenge, daemon].join('') },
  { number: 101, sql: verifiedEndpoints },
  { number: 104, sql: restoreFailures },
  { number: 106, sql: hostBackoffPerIssuer },
  { number: 107, sql: rowDigests },
  { number: 109, sql: otherCertificate },
  { number: 110, sql: deployedState },
];

/**
 * Which of the `known` migrations this database still needs; `fresh` when there is nothing in it yet. Throws
 * STORE_BEFORE_RELEASE, STORE_NEWER, STORE_MIGRATION_CHANGED, STORE_FOREIGN.
 */
export function pendingMigrations(
  db: DatabaseSync,
  known: readonly Migration[] = migrations,
): { readonly fresh: boolean; readonly pending: readonly Migration[] } {
  const tables = db.prepare('SELECT name FROM sqlite_schema').all();
  if (tables.length === 0) return { fresh: true, pending: known };
  if (!tables.some(({ name }) => name === 'migration')) {
    throw new EverbindError('STORE_FOREIGN', 'the file is a database, but none of Everbind');
  }
  const applied = new Map(
    db
      .prepare('SELECT number, sha256 FROM migration')
      .all()
      .map(({ number, sha256: hash }) => [Number(number), hash]),
  );
  for (const [number, hash] of applied) {
    const migration = known.find((each) => each.number === number);
    if (migration === undefined) throw unknownMigration(number, known);
    if (sha256(migration.sql) !== hash) {
      throw new EverbindError('STORE_MIGRATION_CHANGED', `migration ${number} is not the one that was applied`, {
        number,
      });
    }
  }
  return { fresh: false, pending: known.filter(({ number }) => !applied.has(number)) };
}

function unknownMigration(number: number, known: readonly Migration[]): EverbindError {
  return known.every((each) => each.number > number)
    ? new EverbindError(
        'STORE_BEFORE_RELEASE',
        `the database has migration ${number} of the schema before the first release`,
        { number },
      )
    : new EverbindError('STORE_NEWER', `the database has migration ${number}, which this program does not know`, {
        number,
      });
}

/** Applies one migration inside the transaction of the caller. */
export function applyMigration(db: DatabaseSync, { number, sql }: Migration): void {
  db.exec('CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL) STRICT');
  db.exec(sql);
  db.prepare('INSERT INTO migration (number, sha256) VALUES (?, ?)').run(number, sha256(sql));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
