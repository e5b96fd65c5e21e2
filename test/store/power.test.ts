import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { systemClock } from '../../src/net/system.ts';
import { verifyStoredLog } from '../../src/store/audit-read.ts';
import { openStore } from '../../src/store/store.ts';
import { log, testSigner, verifierOf, withFolder } from './support.ts';

// What a loss of power leaves: everything that was synced, and of what came later any part.
it('a database whose last writes are lost has every commit up to them, whole, and a log that verifies', async () => {
  await withFolder(async ({ open, path }) => {
    const signer = testSigner();
    const store = open();
    store.signWith(signer);
    await store.commit(({ db }) => db.exec('CREATE TABLE t (n INTEGER)'));
    // How long the write-ahead log was when each commit was acknowledged.
    const acknowledged: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      await Promise.all([
        store.commit(({ db, audit }) => {
          db.prepare('INSERT INTO t VALUES (?)').run(n);
          audit({ type: 'row.written', subject: 't', data: n });
        }),
        log(store, 'beside'),
      ]);
      acknowledged.push(statSync(`${path}-wal`).size);
    }
    const whole = readFileSync(`${path}-wal`).length;
    const folder = join(dirname(dirname(path)), 'after');
    const copy = join(folder, 'everbind.db');
    const [first = 0] = acknowledged;
    for (let length = whole; length >= first; length -= 9973) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { mode: 0o700 });
      copyFileSync(path, copy);
      copyFileSync(`${path}-wal`, `${copy}-wal`);
      truncateSync(`${copy}-wal`, length);
      const after = openStore({ path: copy, clock: systemClock });
      const rows = after.read((db) => db.prepare('SELECT n FROM t ORDER BY n').all());
      const report = verifyStoredLog(after, verifierOf(signer));
      assert.deepEqual(report.findings, []);
      assert.equal(report.size, rows.length * 2);
      assert.ok(rows.length >= acknowledged.filter((synced) => synced <= length).length);
      assert.deepEqual(
        rows.map((row) => row['n']),
        rows.map((_, n) => n),
      );
      await after.close();
    }
  });
});
