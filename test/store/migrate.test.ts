import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/net/system.ts';
import { readEvents, verifyStoredLog } from '../../src/store/audit-read.ts';
import { acquireLease } from '../../src/store/lease.ts';
import { applyMigration, type Migration, migrations } from '../../src/store/migrations.ts';
import { ownIdentity } from '../../src/store/process-identity.ts';
import { openAuditLog } from '../../src/store/store.ts';
import { type Folder, log, testSigner, verifierOf, withFolder } from './support.ts';

/** What the next program knows: one migration more than this one. */
const SECOND: Migration = { number: 1 + (migrations.at(-1)?.number ?? 0), sql: 'CREATE TABLE second (a TEXT) STRICT;' };
const later: readonly Migration[] = [...migrations, SECOND];

/** A database as a program wrote it that did not have the second migration yet. */
function makeOlder({ path, tamper }: Folder, ...statements: readonly string[]): void {
  rmSync(path, { force: true });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  tamper((db) => {
    for (const migration of migrations) applyMigration(db, migration);
    for (const statement of statements) db.exec(statement);
  });
}

function hasSecond(db: DatabaseSync): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'second'").get() !== undefined;
}

function copies({ path }: Folder): string[] {
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith('everbind.db.before-'))
    .sort();
}

describe('a migration', () => {
  it('makes a new database without a copy', async () => {
    await withFolder(async (folder) => {
      const store = folder.open({ migrations: later });
      const numbers = store.read((db) => db.prepare('SELECT number FROM migration').all());
      const list = later.map(({ number }) => number);
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
      assert.throws(() => folder.open({ readOnly: true, migrations: later }), { code: 'STORE_OUTDATED' });
      const migrated = folder.open({ migrations: later });
      assert.equal(
        migrated.read((db) => db.prepare('SELECT a FROM kept').get()?.['a']),
        'still here',
      );
      assert.ok(migrated.read(hasSecond));
      const [name = '', ...more] = copies(folder);
      assert.deepEqual(more, []);
      const file = join(dirname(folder.path), name);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      const copy = new DatabaseSync(file, { readOnly: true });
      assert.equal(copy.prepare('SELECT a FROM kept').get()?.['a'], 'still here');
      assert.equal(hasSecond(copy), false);
      copy.close();
    });
  });

  it('keeps the last three copies', async () => {
    await withFolder(async (folder) => {
      const made: string[] = [];
      for (let round = 0; round < 5; round += 1) {
        makeOlder(folder);
        await folder.open({ migrations: later }).close();
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
      makeOlder(folder, SECOND.sql);
      const before = folder.tamper((db) => db.prepare('SELECT name, sql FROM sqlite_schema').all());
      assert.throws(() => folder.open({ migrations: later }), /already exists/);
      assert.deepEqual(
        folder.tamper((db) => db.prepare('SELECT name, sql FROM sqlite_schema').all()),
        before,
      );
      folder.tamper((db) => db.exec('DROP TABLE second'));
      assert.ok(folder.open({ migrations: later }).read(hasSecond));
    });
  });

  it('of a newer program is refused by this one, for writing, reading and the lease', async () => {
    await withFolder(async (folder) => {
      const store = folder.open();
      await folder.open({ migrations: later }).close();
      for (const readOnly of [false, true]) assert.throws(() => folder.open({ readOnly }), { code: 'STORE_NEWER' });
      await assert.rejects(acquireLease(store, systemClock), { code: 'STORE_NEWER' });
    });
  });

  it('that is not the one that was applied is refused', async () => {
    await withFolder(async (folder) => {
      await folder.open().close();
      const { changes } = folder.tamper((db) =>
        db.prepare("UPDATE migration SET sha256 = 'x' WHERE number = ?").run(migrations[0]?.number ?? 0),
      );
      assert.equal(changes, 1);
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
      assert.throws(() => folder.open({ migrations: later }), { code: 'STORE_LEASE_HELD' });
      assert.deepEqual(copies(folder), []);
      hold(Date.now() - 1);
      folder.open({ migrations: later });
    });
  });
});

describe('the audit log alone', () => {
  it('is read and verified whatever else the database has, and nothing is written', async () => {
    await withFolder(async (folder) => {
      const signer = testSigner();
      const store = folder.open({ migrations: later });
      store.signWith(signer);
      await log(store, 'first');
      folder.tamper((db) => db.exec("DROP TABLE daemon; UPDATE migration SET sha256 = 'x'"));
      assert.throws(() => folder.open({ readOnly: true }), { code: 'STORE_MIGRATION_CHANGED' });
      const evidence = openAuditLog(folder.path);
      assert.equal(readEvents(evidence).length, 1);
      assert.deepEqual(verifyStoredLog(evidence, verifierOf(signer)).findings, []);
      assert.throws(() => evidence.read((db) => db.exec('DELETE FROM certificate')), { code: 'STORE_FAILED' });
      await evidence.close();
    });
  });

  it('is looked for in a database of Everbind only', async () => {
    await withFolder(async ({ path, tamper }) => {
      assert.throws(() => openAuditLog(path), { code: 'STORE_NOT_FOUND' });
      mkdirSync(dirname(path), { mode: 0o700 });
      tamper((db) => db.exec('PRAGMA user_version = 1'));
      assert.throws(() => openAuditLog(path), { code: 'STORE_NOT_FOUND' });
      tamper((db) => db.exec('CREATE TABLE audit_event (seq, event)'));
      assert.throws(() => openAuditLog(path), { code: 'STORE_FOREIGN' });
    });
  });
});
