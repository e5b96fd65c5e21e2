import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/net/system.ts';
import { acquireLease } from '../../src/store/lease.ts';
import { applyMigration, migrations } from '../../src/store/migrations.ts';
import { ownIdentity } from '../../src/store/process-identity.ts';
import { type Folder, withFolder } from './support.ts';

/** A database as a program wrote it that did not have the last migration yet. */
function makeOlder({ path, tamper }: Folder, ...statements: readonly string[]): void {
  rmSync(path, { force: true });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  tamper((db) => {
    for (const migration of migrations.slice(0, -1)) applyMigration(db, migration);
    for (const statement of statements) db.exec(statement);
  });
}

const LAST = migrations.at(-1)?.sql ?? '';
/** A column or a table that the last migration makes, and how it is taken away again. */
const [, TABLE = '', COLUMN] = /(?:ALTER|CREATE) TABLE (\w+)(?: ADD COLUMN (\w+))?/.exec(LAST) ?? [];
const NEW = COLUMN ?? TABLE;
const INDEXES = [...LAST.matchAll(/CREATE INDEX (\w+)/g)].map(([, index]) => `DROP INDEX ${index}`);
const UNDO = [
  ...INDEXES,
  COLUMN === undefined ? `DROP TABLE ${TABLE}` : `ALTER TABLE ${TABLE} DROP COLUMN ${COLUMN}`,
].join('; ');

function hasNew(db: DatabaseSync): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema WHERE instr(sql, ?)').get(NEW) !== undefined;
}

function copies({ path }: Folder): string[] {
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith('everbind.db.before-'))
    .sort();
}

describe('a migration', () => {
  it('makes a new database without a copy', async () => {
    await withFolder(async (folder) => {
      const store = folder.open();
      const numbers = store.read((db) => db.prepare('SELECT number FROM migration').all());
      const list = migrations.map(({ number }) => number);
      assert.deepEqual(
        numbers.map((row) => row['number']),
        list,
      );
      assert.deepEqual(
        list,
        list.toSorted((one, other) => one - other),
      );
      assert.equal(new Set(list).size, list.length);
      assert.deepEqual(copies(folder), []);
    });
  });

  it('of an existing one keeps its data, and a private copy of it as it was', async () => {
    await withFolder(async (folder) => {
      makeOlder(folder, "CREATE TABLE kept (a TEXT); INSERT INTO kept VALUES ('still here')");
      assert.throws(() => folder.open({ readOnly: true }), { code: 'STORE_OUTDATED' });
      const migrated = folder.open();
      assert.equal(
        migrated.read((db) => db.prepare('SELECT a FROM kept').get()?.['a']),
        'still here',
      );
      assert.ok(migrated.read(hasNew));
      const [name = '', ...more] = copies(folder);
      assert.deepEqual(more, []);
      const file = join(dirname(folder.path), name);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      const copy = new DatabaseSync(file, { readOnly: true });
      assert.equal(copy.prepare('SELECT a FROM kept').get()?.['a'], 'still here');
      assert.equal(hasNew(copy), false);
      copy.close();
    });
  });

  it('keeps the last three copies', async () => {
    await withFolder(async (folder) => {
      const made: string[] = [];
      for (let round = 0; round < 5; round += 1) {
        makeOlder(folder);
        await folder.open().close();
        made.push(copies(folder).at(-1) ?? '');
        await sleep(2);
      }
      assert.equal(new Set(made).size, 5);
      assert.deepEqual(copies(folder), made.slice(-3));
    });
  });

  it('that fails leaves the database as it was', async () => {
    await withFolder(async (folder) => {
      // In the way of the migration.
      makeOlder(folder, LAST);
      const before = folder.tamper((db) => db.prepare('SELECT name, sql FROM sqlite_schema').all());
      assert.throws(() => folder.open(), /already exists|duplicate column/);
      assert.deepEqual(
        folder.tamper((db) => db.prepare('SELECT name, sql FROM sqlite_schema').all()),
        before,
      );
      folder.tamper((db) => db.exec(UNDO));
      folder.open();
    });
  });

  it('of a newer program is refused by this one, for writing, reading and the lease', async () => {
    await withFolder(async (folder) => {
      const store = folder.open();
      folder.tamper((db) => db.exec("INSERT INTO migration VALUES (999, 'x')"));
      for (const readOnly of [false, true]) assert.throws(() => folder.open({ readOnly }), { code: 'STORE_NEWER' });
      await assert.rejects(acquireLease(store, systemClock), { code: 'STORE_NEWER' });
    });
  });

  it('that is not the one that was applied is refused', async () => {
    await withFolder(async (folder) => {
      await folder.open().close();
      folder.tamper((db) => db.exec("UPDATE migration SET sha256 = 'x' WHERE number = 10"));
      for (const readOnly of [false, true]) {
        assert.throws(() => folder.open({ readOnly }), { code: 'STORE_MIGRATION_CHANGED' });
      }
    });
  });

  it('waits until the process that is at work has ended', async () => {
    await withFolder(async (folder) => {
      makeOlder(folder);
      // Alive for certain: the parent of this process. Its start time is not known, so it is taken at its word.
      const holder = JSON.stringify({ ...ownIdentity(), pid: process.ppid, started: null });
      const hold = (expiresAt: number): void =>
        folder.tamper((db) =>
          db.prepare('UPDATE lease SET holder = ?, expires_at = ?, ttl = 30000').run(holder, expiresAt),
        ) as unknown as void;
      hold(Date.now() + 20_000);
      assert.throws(() => folder.open(), { code: 'STORE_LEASE_HELD' });
      assert.deepEqual(copies(folder), []);
      hold(Date.now() - 1);
      folder.open();
    });
  });
});
