import assert from 'node:assert/strict';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { openCheckpoint } from '../../src/audit/checkpoint.ts';
import { leafHash } from '../../src/audit/merkle.ts';
import { type Folder, testSigner, verifierOf, withFolder } from './support.ts';

async function mode(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

async function assertPrivate({ path }: Folder): Promise<void> {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) assert.equal(await mode(file), 0o600, file);
}

describe('files', () => {
  it('are private from the start, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      await withFolder(async (folder) => {
        const store = folder.open();
        await store.commit(({ db }) => db.exec('CREATE TABLE t (a)'));
        assert.equal(await mode(dirname(folder.path)), 0o700);
        await assertPrivate(folder);
      });
    } finally {
      process.umask(before);
    }
  });

  it('that were put back with other rights are made private again', async () => {
    await withFolder(async (folder) => {
      await folder.open().close();
      await chmod(folder.path, 0o644);
      const store = folder.open();
      await store.commit(({ db }) => db.exec('CREATE TABLE t (a)'));
      await assertPrivate(folder);
    });
  });

  it('in a folder that exists leave that folder as it is', async () => {
    await withFolder(async (folder) => {
      await mkdir(dirname(folder.path), { mode: 0o755 });
      folder.open();
      assert.equal(await mode(dirname(folder.path)), 0o755);
    });
  });
});

describe('settings', () => {
  it('are those that durability and hygiene need', async () => {
    await withFolder(async ({ open }) => {
      const store = open();
      const pragma = (name: string): unknown =>
        store.read((db) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
      assert.equal(pragma('journal_mode'), 'wal');
      // NORMAL: commits are synced beside SQLite, see sync-log.ts and the tests of the commit queue.
      assert.equal(pragma('synchronous'), 1);
      assert.equal(pragma('foreign_keys'), 1);
      assert.equal(pragma('secure_delete'), 1);
    });
  });
});

describe('commit', () => {
  it('runs jobs of one turn in one transaction, with one checkpoint; one that fails is rolled back alone, its events too', async () => {
    await withFolder(async ({ open }) => {
      const store = open();
      const signer = testSigner();
      store.signWith(signer);
      await store.commit(({ db }) => db.exec('CREATE TABLE t (a INTEGER)'));
      const outcomes = await Promise.allSettled(
        [1, 2, 3].map((a) =>
          store.commit(({ db, audit }) => {
            db.prepare('INSERT INTO t VALUES (?)').run(a);
            audit({ type: 'test', subject: 's', data: a });
            if (a === 2) throw new Error('no');
            return a;
          }),
        ),
      );
      assert.deepEqual(
        outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : String(outcome.reason))),
        [1, 'Error: no', 3],
      );
      const all = (sql: string) => store.read((db) => db.prepare(sql).all());
      assert.deepEqual(
        all('SELECT a FROM t ORDER BY a').map((row) => row['a']),
        [1, 3],
      );
      const events = all('SELECT event, leaf_hash FROM audit_event ORDER BY seq');
      assert.deepEqual(
        events.map((row) => [JSON.parse(row['event'] as string).data, JSON.parse(row['event'] as string).commit]),
        [
          [1, 0],
          [3, 0],
        ],
      );
      for (const row of events) {
        assert.deepEqual(Buffer.from(row['leaf_hash'] as Uint8Array), leafHash(row['event'] as string));
      }
      const notes = all('SELECT note FROM audit_checkpoint');
      assert.equal(notes.length, 1);
      assert.equal(openCheckpoint(String(notes[0]?.['note']), verifierOf(signer)).size, 2);
    });
  });

  it('keeps the order of its jobs, over more than one transaction, and answers each with its own result', async () => {
    await withFolder(async ({ open }) => {
      const store = open();
      await store.commit(({ db }) => db.exec('CREATE TABLE t (a INTEGER)'));
      const results = await Promise.all(
        Array.from({ length: 1000 }, (_, a) =>
          store.commit(({ db }) => {
            db.prepare('INSERT INTO t VALUES (?)').run(a);
            return a;
          }),
        ),
      );
      assert.deepEqual(
        results,
        results.map((_, index) => index),
      );
      const rows = store.read((db) => db.prepare('SELECT a FROM t ORDER BY rowid').all());
      assert.deepEqual(
        rows.map((row) => row['a']),
        results,
      );
    });
  });

  it('a work may queue another; a promise as its result is refused and rolled back', async () => {
    await withFolder(async ({ open }) => {
      const store = open();
      await store.commit(({ db }) => db.exec('CREATE TABLE t (a INTEGER)'));
      let inner: Promise<number> | undefined;
      await store.commit(() => {
        inner = store.commit(({ db }) => Number(db.prepare('INSERT INTO t VALUES (1)').run().changes));
      });
      assert.equal(await inner, 1);
      await assert.rejects(
        // oxlint-disable-next-line require-await
        store.commit(async ({ db }) => db.prepare('INSERT INTO t VALUES (2)').run()),
        /synchronous/,
      );
      assert.equal(
        store.read((db) => db.prepare('SELECT count(*) AS n FROM t').get()?.['n']),
        1,
      );
    });
  });

  it('an error of the program itself stays what it is', async () => {
    await withFolder(async ({ open }) => {
      const store = open();
      await assert.rejects(
        store.commit(({ db }) => db.exec('NO SQL')),
        (error) => error instanceof Error && error.name === 'Error' && /syntax error/.test(error.message),
      );
      const own = Object.assign(new Error('of the work'), { code: 'ERR_OF_THE_WORK' });
      await assert.rejects(
        store.commit(() => {
          throw own;
        }),
        (error) => error === own,
      );
    });
  });

  it('events need a key', async () => {
    await withFolder(async ({ open }) => {
      const store = open();
      await assert.rejects(
        store.commit(({ audit }) => audit({ type: 'a', subject: 'b', data: null })),
        { code: 'INTERNAL' },
      );
    });
  });
});

describe('read', () => {
  it('sees one state and changes nothing', async () => {
    await withFolder(async ({ open, tamper }) => {
      const store = open();
      await store.commit(({ db }) => db.exec('CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)'));
      const count = (): unknown => store.read((db) => db.prepare('SELECT count(*) AS n FROM t').get()?.['n']);
      store.read((db) => {
        const before = db.prepare('SELECT count(*) AS n FROM t').get()?.['n'];
        tamper((other) => other.exec('INSERT INTO t VALUES (2)'));
        assert.equal(db.prepare('SELECT count(*) AS n FROM t').get()?.['n'], before);
      });
      assert.equal(count(), 2);
      store.read((db) => db.exec('INSERT INTO t VALUES (3)'));
      assert.equal(count(), 2);
      // Within a work it sees what the work did.
      await store.commit(({ db }) => {
        db.exec('INSERT INTO t VALUES (3)');
        assert.equal(count(), 3);
      });
    });
  });

  it('goes on beside a writer, from a store of its own that refuses commits', async () => {
    await withFolder(async ({ open }) => {
      await assert.rejects(async () => open({ readOnly: true }), { code: 'STORE_NOT_FOUND' });
      const writer = open();
      await writer.commit(({ db }) => db.exec('CREATE TABLE t (a INTEGER)'));
      const reader = open({ readOnly: true });
      const count = (): unknown => reader.read((db) => db.prepare('SELECT count(*) AS n FROM t').get()?.['n']);
      await writer.commit(({ db }) => {
        db.exec('INSERT INTO t VALUES (1)');
        // Not committed yet.
        assert.equal(count(), 0);
      });
      assert.equal(count(), 1);
      await assert.rejects(
        reader.commit(() => 1),
        { code: 'INTERNAL' },
      );
      await writer.close();
      assert.equal(count(), 1);
      await reader.close();
      // Cleanly closed: no write-ahead log is left, and reading works all the same.
      assert.equal(
        open({ readOnly: true }).read((db) => db.prepare('SELECT count(*) AS n FROM t').get()?.['n']),
        1,
      );
    });
  });
});

describe('close', () => {
  it('commits what waits; later commits are refused', async () => {
    await withFolder(async ({ open }) => {
      const store = open();
      const waiting = store.commit(({ db }) => db.exec('CREATE TABLE t (a INTEGER)'));
      await store.close();
      await waiting;
      await assert.rejects(
        store.commit(() => 1),
        { code: 'STORE_FAILED' },
      );
      await store.close();
      assert.equal(
        open().read((db) => db.prepare('SELECT count(*) AS n FROM t').get()?.['n']),
        0,
      );
    });
  });
});
