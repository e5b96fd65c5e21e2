import assert from 'node:assert/strict';
import {
  closeSync,
  copyFileSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { signCheckpoint } from '../../src/audit/checkpoint.ts';
import type { LogReport } from '../../src/audit/log-report.ts';
import { append, type CompactRange, EMPTY_RANGE, leafHash, rangeRoot } from '../../src/audit/merkle.ts';
import { EverbindError } from '../../src/errors/error.ts';
import { verifyStoredLog } from '../../src/store/audit-read.ts';
import type { Store } from '../../src/store/store.ts';
import { type Folder, log, testSigner, verifierOf, withFolder } from './support.ts';

const signer = testSigner();
const verifier = verifierOf(signer);

/** A log of six events in three commits, closed. */
async function makeLog({ open }: Folder): Promise<void> {
  const store = open();
  store.signWith(signer);
  await log(store, 'one');
  await Promise.all([log(store, 'two'), log(store, 'three'), log(store, 'four')]);
  await Promise.all([log(store, 'five'), log(store, 'six')]);
  await store.close();
}

/** The report on the log as the change leaves it; nothing of the change stays. */
async function reportAfter(store: Store, change: (db: DatabaseSync) => void): Promise<LogReport> {
  let report: LogReport | null = null;
  await store
    .commit(({ db }) => {
      change(db);
      report = verifyStoredLog(store, verifier);
      throw new Error('undone');
    })
    .catch((error: Error) => assert.equal(error.message, 'undone'));
  assert.ok(report);
  return report;
}

/** A store whose tables can be changed. */
function openForTampering(folder: Folder): Store {
  folder.tamper((db) => {
    const triggers = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all();
    for (const { name } of triggers) db.exec(`DROP TRIGGER ${String(name)}`);
  });
  return folder.open();
}

interface Region {
  readonly table: string;
  readonly key: string;
  readonly column: string;
  readonly row: number;
  readonly octets: Buffer;
}

/** Every text and blob of the stored log. */
function regions(store: Store): Region[] {
  const columns = [
    ['audit_event', 'seq', 'event'],
    ['audit_event', 'seq', 'leaf_hash'],
    ['audit_checkpoint', 'size', 'note'],
    ['audit_range', 'id', 'hashes'],
  ] as const;
  return columns.flatMap(([table, key, column]) =>
    store.read((db) =>
      db
        .prepare(`SELECT ${key} AS row, CAST(${column} AS BLOB) AS octets FROM ${table}`)
        .all()
        .map(({ row, octets }) => ({
          table,
          key,
          column,
          row: Number(row),
          octets: Buffer.from(octets as Uint8Array),
        })),
    ),
  );
}

function write(db: DatabaseSync, { table, key, column, row }: Region, octets: Uint8Array): void {
  const value = column === 'event' || column === 'note' ? 'CAST(? AS TEXT)' : '?';
  db.prepare(`UPDATE ${table} SET ${column} = ${value} WHERE ${key} = ?`).run(octets, row);
}

describe('the stored log', () => {
  it('changed in any octet of any row is found, and the event is named', async () => {
    await withFolder(async (folder) => {
      await makeLog(folder);
      const store = openForTampering(folder);
      assert.deepEqual(verifyStoredLog(store, verifier).findings, []);
      let changes = 0;
      for (const region of regions(store)) {
        for (let at = 0; at < region.octets.length; at += 1) {
          const changed = Buffer.from(region.octets);
          changed.writeUInt8(changed.readUInt8(at) ^ (at % 16 === 5 ? 0x80 : 1 << (at % 7)), at);
          const report = await reportAfter(store, (db) => write(db, region, changed));
          const where = `${region.table}.${region.column} of ${region.row}, octet ${at}`;
          assert.equal(report.ok, false, where);
          const [first] = report.findings;
          if (region.table === 'audit_event') {
            assert.equal(first?.first, region.row, where);
            assert.equal(first.code, region.column === 'event' ? 'AUDIT_EVENT_CHANGED' : 'AUDIT_HASH_CHANGED');
          }
          if (region.table === 'audit_checkpoint') assert.equal(first?.code, 'AUDIT_CHECKPOINT_FORGED', where);
          if (region.table === 'audit_range') assert.equal(first?.code, 'AUDIT_TREE_CHANGED', where);
          changes += 1;
        }
      }
      assert.ok(changes > 1000);
    });
  });

  it('with any value cut, lengthened, emptied or of another kind is found', async () => {
    await withFolder(async (folder) => {
      await makeLog(folder);
      const store = openForTampering(folder);
      for (const region of regions(store)) {
        const { octets } = region;
        const values = [
          octets.subarray(1),
          octets.subarray(0, -1),
          Buffer.alloc(0),
          Buffer.concat([octets, Buffer.from(' ')]),
          // What follows a NUL is not seen by everything that reads text from SQLite.
          Buffer.concat([octets, Buffer.from('\0')]),
          Buffer.concat([octets, Buffer.from('\0hidden')]),
          Buffer.concat([octets, octets]),
        ];
        for (const value of values) {
          const report = await reportAfter(store, (db) => write(db, region, value));
          assert.equal(report.ok, false, `${region.table}.${region.column} of ${region.row}: ${value.toString()}`);
        }
      }
    });
  });

  it('with any row removed, doubled, moved or exchanged is found', async () => {
    await withFolder(async (folder) => {
      await makeLog(folder);
      const store = openForTampering(folder);
      const statements: string[] = [];
      for (let seq = 0; seq < 6; seq += 1) {
        statements.push(
          `DELETE FROM audit_event WHERE seq = ${seq}`,
          `DELETE FROM audit_event WHERE seq >= ${seq}`,
          `DELETE FROM audit_event WHERE seq <= ${seq}`,
          `INSERT INTO audit_event SELECT 6, event, leaf_hash FROM audit_event WHERE seq = ${seq}`,
          `INSERT INTO audit_event SELECT -1, event, leaf_hash FROM audit_event WHERE seq = ${seq}`,
          `UPDATE audit_event SET seq = seq + 100 WHERE seq = ${seq}`,
          `UPDATE audit_event SET seq = 9223372036854775807 WHERE seq = ${seq}`,
          `UPDATE audit_event SET seq = -9223372036854775807 WHERE seq = ${seq}`,
        );
        for (let other = 0; other < seq; other += 1) {
          const exchange = (columns: string): string =>
            `UPDATE audit_event SET (${columns}) = (SELECT ${columns} FROM audit_event AS o
              WHERE o.seq = iif(audit_event.seq = ${seq}, ${other}, ${seq})) WHERE seq IN (${seq}, ${other})`;
          statements.push(exchange('event, leaf_hash'), exchange('event'), exchange('leaf_hash'));
        }
      }
      const sizes = [1, 4, 6];
      for (const size of sizes) {
        statements.push(
          `DELETE FROM audit_checkpoint WHERE size = ${size}`,
          `DELETE FROM audit_checkpoint WHERE size >= ${size}`,
          `UPDATE audit_checkpoint SET size = 5 WHERE size = ${size}`,
          `UPDATE audit_checkpoint SET size = 7 WHERE size = ${size}`,
          `UPDATE audit_checkpoint SET size = -7 WHERE size = ${size}`,
          `UPDATE audit_checkpoint SET size = 9223372036854775807 WHERE size = ${size}`,
        );
        // An earlier or later checkpoint played again.
        for (const other of [2, 3, 5, 7, ...sizes.filter((each) => each !== size)]) {
          statements.push(
            `INSERT OR REPLACE INTO audit_checkpoint SELECT ${other}, note FROM audit_checkpoint WHERE size = ${size}`,
          );
        }
      }
      statements.push(
        'DELETE FROM audit_event',
        'DELETE FROM audit_checkpoint',
        'DELETE FROM audit_event; DELETE FROM audit_checkpoint',
        "DELETE FROM audit_event; DELETE FROM audit_checkpoint; UPDATE audit_range SET size = 0, hashes = x''",
        'DELETE FROM audit_range',
        'UPDATE audit_range SET size = size + 1',
        'UPDATE audit_range SET size = size - 1',
        'UPDATE audit_range SET size = 9223372036854775807',
      );
      assert.ok(statements.length > 100);
      for (const sql of statements) {
        const report = await reportAfter(store, (db) => db.exec(sql));
        assert.equal(report.ok, false, sql);
      }
    });
  });

  it('rebuilt to look right is found: without the key by its signatures, with the key by the pinned checkpoint', async () => {
    await withFolder(async (folder) => {
      await makeLog(folder);
      const store = openForTampering(folder);
      const rebuild = (key: typeof signer, keep: number) => (db: DatabaseSync) => {
        const rows = db.prepare('SELECT event FROM audit_event ORDER BY seq').all().slice(0, keep);
        db.exec('DELETE FROM audit_event; DELETE FROM audit_checkpoint');
        let range: CompactRange = EMPTY_RANGE;
        for (const [seq, row] of rows.entries()) {
          const event = String(row['event']).replace('"type":"three"', '"type":"three and a half"');
          db.prepare('INSERT INTO audit_event VALUES (?, ?, ?)').run(seq, event, leafHash(event));
          range = append(range, leafHash(event));
          if (![1, 4, 6].includes(range.size)) continue;
          const note = signCheckpoint(range.size, rangeRoot(range), key);
          db.prepare('INSERT INTO audit_checkpoint VALUES (?, ?)').run(range.size, note);
        }
        db.prepare('UPDATE audit_range SET size = ?, hashes = ?').run(range.size, Buffer.concat(range.hashes));
      };
      const codes = async (key: typeof signer, keep: number): Promise<string[]> => {
        const { findings } = await reportAfter(store, rebuild(key, keep));
        return [...new Set(findings.map(({ code }) => code))];
      };
      assert.deepEqual(await codes(testSigner(), 6), ['AUDIT_CHECKPOINT_FORGED', 'AUDIT_CHECKPOINT_INCONSISTENT']);
      assert.deepEqual(await codes(signer, 6), ['AUDIT_CHECKPOINT_INCONSISTENT']);
      assert.deepEqual(await codes(signer, 4), ['AUDIT_TRUNCATED']);
      assert.deepEqual(await codes(signer, 0), ['AUDIT_TRUNCATED']);
    });
  });

  it('is guarded against this program itself', async () => {
    await withFolder(async (folder) => {
      await makeLog(folder);
      const store = folder.open();
      for (const sql of [
        'UPDATE audit_event SET seq = seq + 1',
        'DELETE FROM audit_event',
        "UPDATE audit_checkpoint SET note = ''",
        'DELETE FROM audit_checkpoint',
      ]) {
        await assert.rejects(
          store.commit(({ db }) => db.exec(sql)),
          /only grows/,
        );
      }
    });
  });
});

describe('the database file', () => {
  it('changed in any place is found, fails to be read, or gives the same log', async () => {
    await withFolder(async (folder) => {
      await makeLog(folder);
      const { path } = folder;
      const whole = readFileSync(path);
      const original = contents(folder);
      const pages = folder.tamper((db) =>
        db
          .prepare(
            "SELECT rootpage FROM sqlite_schema WHERE name IN ('audit_event', 'audit_checkpoint', 'audit_range')",
          )
          .all(),
      );
      assert.equal(pages.length, 3);
      const file = openSync(path, 'r+');
      const outcomes = { found: 0, unreadable: 0, same: 0 };
      for (const { rootpage } of pages) {
        const start = (Number(rootpage) - 1) * 4096;
        // The ends of a page are its header and its rows; the middle is unused.
        for (let at = 0; at < 4096; at += at < 64 ? 1 : 29) {
          const octet = whole.readUInt8(start + at);
          writeSync(file, Buffer.from([octet ^ (1 << (at % 8))]), 0, 1, start + at);
          outcomes[judge(folder, original)] += 1;
          writeSync(file, Buffer.from([octet]), 0, 1, start + at);
        }
      }
      closeSync(file);
      assert.ok(outcomes.found > 50, JSON.stringify(outcomes));
      assert.equal(judge(folder, original), 'same');
    });
  });
});

/** Everything that the log consists of. */
function contents({ tamper }: Folder): string {
  return tamper((db) =>
    JSON.stringify([
      db.prepare('SELECT seq, event, hex(leaf_hash) FROM audit_event').all(),
      db.prepare('SELECT * FROM audit_checkpoint').all(),
      db.prepare('SELECT id, size, hex(hashes) FROM audit_range').all(),
    ]),
  );
}

function judge(folder: Folder, original: string): 'found' | 'unreadable' | 'same' {
  let store: Store | null = null;
  try {
    store = folder.open({ readOnly: true });
    if (!verifyStoredLog(store, verifier).ok) return 'found';
    assert.equal(contents(folder), original, 'changed, and not found');
    return 'same';
  } catch (error) {
    if (error instanceof EverbindError && error.code === 'STORE_CORRUPT') return 'unreadable';
    throw error;
  } finally {
    void store?.close();
  }
}

describe('the pinned checkpoint', () => {
  const files = ({ path }: Folder): string[] =>
    readdirSync(dirname(path))
      .filter((name) => name.startsWith('audit.checkpoint'))
      .sort();

  it('is the newest one once the store is closed', async () => {
    await withFolder(async (folder) => {
      await makeLog(folder);
      const pin = join(dirname(folder.path), 'audit.checkpoint');
      const store = folder.open({ readOnly: true });
      assert.equal(readFileSync(pin, 'utf8'), verifyStoredLog(store, verifier).checkpoint);
      assert.deepEqual(verifyStoredLog(store, verifier).confirmed, ['audit.checkpoint']);
    });
  });

  it('finds an old copy of the database that was put back; work goes on, the log says so, and the evidence stays', async () => {
    await withFolder(async (folder) => {
      await makeLog(folder);
      const old = `${folder.path}.old`;
      copyFileSync(folder.path, old);
      const later = folder.open();
      later.signWith(signer);
      await log(later, 'lost');
      await later.close();
      const pinned = readFileSync(join(dirname(folder.path), 'audit.checkpoint'), 'utf8');
      for (const name of ['', '-wal', '-shm']) rmSync(`${folder.path}${name}`, { force: true });
      copyFileSync(old, folder.path);

      const reader = folder.open({ readOnly: true });
      assert.deepEqual(
        verifyStoredLog(reader, verifier).findings.map(({ code, first }) => [code, first]),
        [['AUDIT_TRUNCATED', 6]],
      );
      await reader.close();

      const store = folder.open();
      store.signWith(signer);
      await store.commit(() => 'something that is not logged');
      await log(store, 'afterwards');
      await log(store, 'and later');
      const events = store.read((db) =>
        db
          .prepare(
            "SELECT event ->> '$.type' AS type, event ->> '$.data.checkpoint' AS note FROM audit_event WHERE seq >= 6",
          )
          .all(),
      );
      assert.deepEqual(
        events.map(({ type }) => type),
        ['audit.conflict', 'afterwards', 'and later'],
      );
      assert.equal(events[0]?.['note'], pinned);
      await store.close();
      const [, conflict = '', ...more] = files(folder);
      assert.match(conflict, /^audit\.checkpoint\.conflict-/);
      assert.deepEqual(more, []);

      // Found from now on, until somebody decides that it was in order.
      const { findings, confirmed } = verifyStoredLog(folder.open({ readOnly: true }), verifier);
      assert.deepEqual(
        findings.map(({ code, first, last }) => [code, first, last]),
        [['AUDIT_CHECKPOINT_INCONSISTENT', 0, 6]],
      );
      assert.deepEqual(confirmed, ['audit.checkpoint']);
      rmSync(join(dirname(folder.path), conflict));
      assert.deepEqual(verifyStoredLog(folder.open({ readOnly: true }), verifier).findings, []);
    });
  });

  it('that is no checkpoint of this log is set aside as well', async () => {
    await withFolder(async (folder) => {
      await makeLog(folder);
      writeFileSync(join(dirname(folder.path), 'audit.checkpoint'), 'garbage');
      assert.equal(
        verifyStoredLog(folder.open({ readOnly: true }), verifier).findings[0]?.code,
        'AUDIT_NOTE_MALFORMED',
      );
      const store = folder.open();
      store.signWith(signer);
      await log(store, 'next');
      await store.close();
      assert.equal(files(folder).length, 2);
    });
  });

  it('that lags behind, or is not there, is in order', async () => {
    await withFolder(async (folder) => {
      await makeLog(folder);
      const pin = join(dirname(folder.path), 'audit.checkpoint');
      const old = readFileSync(pin);
      const store = folder.open();
      store.signWith(signer);
      await log(store, 'next');
      await store.close();
      writeFileSync(pin, old);
      const reader = folder.open({ readOnly: true });
      assert.deepEqual(verifyStoredLog(reader, verifier).findings, []);
      rmSync(pin);
      assert.deepEqual(verifyStoredLog(reader, verifier).findings, []);
      const writer = folder.open();
      writer.signWith(signer);
      await log(writer, 'last');
      await writer.close();
      assert.deepEqual(files(folder), ['audit.checkpoint']);
    });
  });
});

describe('a log that was changed', () => {
  it('is not continued, so that no forgery is signed; everything else goes on', async () => {
    await withFolder(async (folder) => {
      await makeLog(folder);
      // Made to look like a log of one event, of which only the old signatures are missing.
      folder.tamper((db) => {
        db.exec('DROP TRIGGER audit_event_kept; DROP TRIGGER audit_checkpoint_kept');
        const event = '{"forged":true}';
        db.exec('DELETE FROM audit_event; DELETE FROM audit_checkpoint');
        db.prepare('INSERT INTO audit_event VALUES (0, ?, ?)').run(event, leafHash(event));
        db.prepare('UPDATE audit_range SET size = 1, hashes = ?').run(leafHash(event));
      });
      const store = folder.open();
      store.signWith(signer);
      await assert.rejects(log(store, 'next'), { code: 'AUDIT_TREE_CHANGED' });
      assert.equal(await store.commit(() => 'not logged'), 'not logged');
      assert.equal(
        store.read((db) => db.prepare('SELECT count(*) AS n FROM audit_checkpoint').get()?.['n']),
        0,
      );
    });
  });

  it('while the store is open is not continued either', async () => {
    await withFolder(async (folder) => {
      await makeLog(folder);
      const store = folder.open();
      store.signWith(signer);
      await log(store, 'next');
      folder.tamper((db) => db.exec("UPDATE audit_range SET size = 3, hashes = x''"));
      await assert.rejects(log(store, 'another'), { code: 'AUDIT_TREE_CHANGED' });
      folder.tamper((db) => db.exec('UPDATE audit_range SET size = 9223372036854775807'));
      await assert.rejects(log(store, 'another'), { code: 'AUDIT_TREE_CHANGED' });
    });
  });

  it('by another key is not continued', async () => {
    await withFolder(async (folder) => {
      await makeLog(folder);
      const store = folder.open();
      store.signWith(testSigner());
      await assert.rejects(log(store, 'next'), { code: 'AUDIT_CHECKPOINT_FORGED' });
    });
  });
});
