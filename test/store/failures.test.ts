import assert from 'node:assert/strict';
import { openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { verifyStoredLog } from '../../src/store/audit-read.ts';
import type { Store } from '../../src/store/store.ts';
import { log, testSigner, verifierOf, withFolder } from './support.ts';

function count(store: Store): unknown {
  return store.read((db) => db.prepare('SELECT count(*) AS n FROM t').get()?.['n']);
}

describe('a full disk', () => {
  it('fails the commits that it meets with STORE_FULL and loses nothing; work goes on when there is room', async () => {
    await withFolder(async ({ open }) => {
      const store = open();
      const signer = testSigner();
      store.signWith(signer);
      await store.commit(({ db }) => db.exec('CREATE TABLE t (a BLOB)'));
      await log(store, 'before');
      const pages = store.read((db) => Number(db.prepare('PRAGMA page_count').get()?.['page_count']));
      const limit = (most: number) => store.commit(({ db }) => db.exec(`PRAGMA max_page_count = ${most}`));
      await limit(pages + 10);
      const write = (octets: number) =>
        store.commit(({ db, audit }) => {
          audit({ type: 'write', subject: 't', data: octets });
          db.prepare('INSERT INTO t VALUES (zeroblob(?))').run(octets);
        });
      const outcomes = await Promise.allSettled([write(1000), write(1_000_000), write(1000)]);
      const codes = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'done' : outcome.reason.code));
      // SQLite may end the whole transaction when the disk is full, or just the statement.
      assert.equal(codes[1], 'STORE_FULL');
      const done = codes.filter((code) => code === 'done').length;
      assert.equal(count(store), done);
      await limit(1_000_000);
      await write(1_000_000);
      assert.equal(count(store), done + 1);
      assert.deepEqual(verifyStoredLog(store, verifierOf(signer)).findings, []);
      await store.close();
      const again = open();
      assert.equal(count(again), done + 1);
    });
  });
});

describe('a lock that another program holds', () => {
  it('is waited for while everything else goes on', async () => {
    await withFolder(async ({ open, path }) => {
      const store = open();
      await store.commit(({ db }) => db.exec('CREATE TABLE t (a)'));
      const other = new DatabaseSync(path);
      other.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES (1)');
      let ticks = 0;
      const watch = setInterval(() => {
        ticks += 1;
      }, 5);
      let runs = 0;
      const commit = store.commit(({ db }) => {
        runs += 1;
        db.exec('INSERT INTO t VALUES (2)');
      });
      await sleep(500);
      assert.equal(runs, 0);
      other.exec('COMMIT');
      other.close();
      await commit;
      clearInterval(watch);
      assert.equal(runs, 1);
      assert.equal(count(store), 2);
      assert.ok(ticks >= 3, `the event loop stood still but for ${ticks} times`);
    });
  });

  it('fails the commit with STORE_BUSY when there is no time left', async () => {
    await withFolder(async ({ open, path }) => {
      const store = open();
      const other = new DatabaseSync(path);
      other.exec('BEGIN IMMEDIATE');
      const commit = assert.rejects(
        store.commit(() => 1),
        { code: 'STORE_BUSY' },
      );
      await store.close();
      await commit;
      other.close();
    });
  });
});

describe('a disk that fails', () => {
  it('fails the commit that was not synced and every later one with the same code', async () => {
    await withFolder(async ({ open, path }) => {
      const store = open();
      // What is to be synced cannot be opened.
      rmSync(`${path}-wal`);
      const commit = () => store.commit(() => 1);
      const codes = [];
      for (let attempt = 0; attempt < 3; attempt += 1) {
        codes.push(
          await commit().then(
            () => 'done',
            (error: { readonly code: string }) => error.code,
          ),
        );
      }
      assert.deepEqual(codes, ['STORE_FAILED', 'STORE_FAILED', 'STORE_FAILED']);
    });
  });
});

describe('a damaged file', () => {
  it('that is no database is refused', async () => {
    await withFolder(async ({ open, path }) => {
      await mkdir(dirname(path));
      await writeFile(
        path,
        'a text that is long enough to be taken for the header of a database file, but is none at all',
      );
      for (const readOnly of [false, true]) assert.throws(() => open({ readOnly }), { code: 'STORE_CORRUPT' });
    });
  });

  it('is noticed when its pages are read', async () => {
    await withFolder(async ({ open, path }) => {
      const store = open();
      await store.commit(({ db }) => {
        db.exec('CREATE TABLE t (a)');
        for (let row = 0; row < 2000; row += 1) db.prepare('INSERT INTO t VALUES (?)').run('x'.repeat(100));
      });
      await store.close();
      const size = readFileSync(path).length;
      const file = openSync(path, 'r+');
      writeSync(file, Buffer.alloc(4096 * 20, 0x5a), 0, 4096 * 20, size - 4096 * 30);
      assert.throws(() => count(open()), { code: 'STORE_CORRUPT' });
      await assert.rejects(
        open().commit(({ db }) => db.exec("UPDATE t SET a = 'y'")),
        { code: 'STORE_CORRUPT' },
      );
    });
  });

  it('of another program is refused, and left as it is', async () => {
    await withFolder(async ({ open, path }) => {
      await mkdir(dirname(path));
      const other = new DatabaseSync(path);
      other.exec('CREATE TABLE bookmarks (url TEXT)');
      other.close();
      for (const readOnly of [false, true]) assert.throws(() => open({ readOnly }), { code: 'STORE_FOREIGN' });
      const after = new DatabaseSync(path);
      assert.deepEqual(
        after
          .prepare('SELECT name FROM sqlite_schema')
          .all()
          .map((row) => row['name']),
        ['bookmarks'],
      );
      after.close();
    });
  });

  it('or a folder in its place is an error of the file system', async () => {
    await withFolder(async ({ open, path }) => {
      writeFileSync(dirname(path), '');
      assert.throws(() => open(), { code: 'STORE_FAILED' });
    });
  });
});
