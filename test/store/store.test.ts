import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCheckpoint } from '../../src/audit/checkpoint.ts';
import { leafHash } from '../../src/audit/merkle.ts';
import { parseVerifier, verifierText } from '../../src/audit/note.ts';
import { systemClock } from '../../src/net/system.ts';
import type { CheckpointSigner } from '../../src/ports/checkpoint-signer.ts';
import { acquireLease } from '../../src/store/lease.ts';
import { openStore, type Store } from '../../src/store/store.ts';

function testSigner(): CheckpointSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    name: 'log.everbind.test',
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).subarray(12),
    sign: (data) => sign(null, data, privateKey),
  };
}

async function withStore(work: (store: Store, path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-store-'));
  const path = join(folder, 'state', 'everbind.db');
  const store = openStore({ path, clock: systemClock });
  try {
    await work(store, path);
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

test('folder, database and write-ahead log are private from the start', async () => {
  await withStore(async (store, path) => {
    await store.commit(({ db }) => db.exec('CREATE TABLE t (a)'));
    for (const [file, mode] of [
      [join(path, '..'), 0o700],
      [path, 0o600],
      [`${path}-wal`, 0o600],
      [`${path}-shm`, 0o600],
    ] as const) {
      assert.equal((await stat(file)).mode & 0o777, mode, file);
    }
  });
});

test('one failing work is rolled back alone, its events with it', async () => {
  await withStore(async (store) => {
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
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(
      store.read((db) =>
        db
          .prepare('SELECT a FROM t ORDER BY a')
          .all()
          .map((row) => row['a']),
      ),
      [1, 3],
    );
    const events = store.read((db) => db.prepare('SELECT event, leaf_hash FROM audit_event ORDER BY seq').all());
    assert.deepEqual(
      events.map((row) => JSON.parse(row['event'] as string).data),
      [1, 3],
    );
    for (const row of events)
      assert.deepEqual(Buffer.from(row['leaf_hash'] as Uint8Array), leafHash(row['event'] as string));
    // Three works, one transaction, one checkpoint.
    const notes = store.read((db) => db.prepare('SELECT note FROM audit_checkpoint').all());
    assert.equal(notes.length, 1);
    assert.equal(openCheckpoint(notes[0]?.['note'] as string, parseVerifier(verifierText(signer))).size, 2);
  });
});

test('the lease: one holder, taken over when its time has run out, the old holder fenced off', async () => {
  await withStore(async (store, path) => {
    let now = 1_000_000;
    const clock = { ...systemClock, now: () => now };
    const first = await acquireLease(store, clock);
    const other = openStore({ path, clock });
    try {
      await assert.rejects(acquireLease(other, clock), { code: 'STORE_LEASE_HELD' });
      now += 31_000;
      const second = await acquireLease(other, clock);
      assert.ok(second.token > first.token);
      await assert.rejects(
        store.commit(() => {}),
        { code: 'STORE_LEASE_LOST' },
      );
      await second.release();
    } finally {
      await other.close();
    }
  });
});
