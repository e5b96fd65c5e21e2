import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { it } from 'node:test';
import { applyMigration, migrations } from '../../src/store/migrations.ts';

it('pauses from before migration 106 hold for every CA that is known', () => {
  const db = new DatabaseSync(':memory:');
  for (const migration of migrations.filter(({ number }) => number < 106)) applyMigration(db, migration);
  db.exec(`INSERT INTO host_backoff VALUES ('busy.test', 2000, 1000);
    INSERT INTO account (issuer, directory, key_handle) VALUES ('a', 'https://a.test/dir', 'k1'),
      ('b', 'https://b.test/dir', 'k2'), ('c', 'https://b.test/dir', 'k3')`);
  for (const migration of migrations.filter(({ number }) => number >= 106)) applyMigration(db, migration);
  const rows = db.prepare('SELECT directory, host, until, noted_at FROM host_backoff ORDER BY directory').all();
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    ['https://a.test/dir', 'https://b.test/dir'].map((directory) => ({
      directory,
      host: 'busy.test',
      until: 2000,
      noted_at: 1000,
    })),
  );
  db.close();
});
