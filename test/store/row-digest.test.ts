import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { migrations } from '../../src/store/migrations.ts';
import { damagedRows } from '../../src/store/row-digest.ts';
import type { Store } from '../../src/store/store.ts';
import { type Folder, withFolder } from './support.ts';

async function add(store: Store, ...names: readonly string[]): Promise<void> {
  await store.commit(({ db }) => {
    const sql = `INSERT INTO certificate (name, config, next_due, due_reason) VALUES (?, '{}', 1, 'new')`;
    for (const name of names) db.prepare(sql).run(name);
  });
}

const damaged = (store: Store): readonly number[] => store.read((db) => damagedRows(db).map(({ rowid }) => rowid));

const change = (folder: Folder, name: string): void =>
  folder.tamper((db) => void db.prepare('UPDATE certificate SET due_reason = ? WHERE name = ?').run('changed', name));

describe('the digest of a row', () => {
  it('is kept by whatever this program writes: one row, many, those that conflict, those that are replaced', () =>
    withFolder(async ({ open }) => {
      const store = open();
      await add(store, 'a', 'b');
      await store.commit(({ db }) => {
        db.exec('UPDATE certificate SET next_due = next_due + 1');
        db.exec(`INSERT INTO certificate (name, config, next_due, due_reason) VALUES ('a', '[]', 2, 'new')
          ON CONFLICT (name) DO UPDATE SET config = excluded.config`);
        db.exec(
          `INSERT OR REPLACE INTO certificate (id, name, config, next_due, due_reason) VALUES (2, 'b', '[]', 3, 'new')`,
        );
      });
      assert.deepEqual(damaged(store), []);
    }));

  it('is not mended by a later change of the row', () =>
    withFolder(async (folder) => {
      const store = folder.open();
      await add(store, 'a', 'b');
      change(folder, 'a');
      assert.deepEqual(damaged(store), [1]);
      await store.commit(({ db }) => db.exec('UPDATE certificate SET next_due = 5'));
      assert.deepEqual(damaged(store), [1]);
    }));

  it('shows when it is taken away or copied from another row', () =>
    withFolder(async (folder) => {
      const store = folder.open();
      await add(store, 'a', 'b', 'c');
      folder.tamper((db) =>
        db.exec(`UPDATE certificate SET digest = NULL WHERE name = 'a';
          UPDATE certificate SET digest = (SELECT digest FROM certificate WHERE name = 'c') WHERE name = 'b'`),
      );
      assert.deepEqual(damaged(store), [1, 2]);
    }));

  it('is given to the rows of a database from before there were digests', () =>
    withFolder(async (folder) => {
      const before = folder.open({ migrations: migrations.filter(({ number }) => number < 107) });
      await add(before, 'a', 'b');
      await before.close();
      const store = folder.open();
      assert.deepEqual(damaged(store), []);
      change(folder, 'b');
      assert.deepEqual(damaged(store), [2]);
    }));

  it('survives a migration that changes rows and columns, and so does damage', () =>
    withFolder(async (folder) => {
      const before = folder.open();
      await add(before, 'a', 'b');
      await before.close();
      change(folder, 'a');
      const sql = `ALTER TABLE certificate ADD COLUMN later INTEGER NOT NULL DEFAULT 7; UPDATE certificate SET next_due = 9`;
      const store = folder.open({ migrations: [...migrations, { number: 9999, sql }] });
      assert.deepEqual(damaged(store), [1]);
      folder.tamper((db) => db.exec(`UPDATE certificate SET later = 8 WHERE name = 'b'`));
      assert.deepEqual(damaged(store), [1, 2]);
    }));

  it('is looked at a slice at a time, and in every slice at some time', () =>
    withFolder(async (folder) => {
      const store = folder.open();
      await add(store, ...Array.from({ length: 25 }, (_, index) => `c${index}`));
      change(folder, 'c13');
      const found = Array.from({ length: 3 }, (_, turn) => store.read((db) => damagedRows(db, { most: 10, turn })));
      assert.deepEqual(
        found.map((rows) => rows.map(({ rowid }) => rowid)),
        [[], [14], []],
      );
    }));
});
