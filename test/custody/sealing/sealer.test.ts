import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { listSecrets } from '../../../src/custody/sealing/secrets.ts';
import { codeOf, createWorld, type World } from '../world.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
});
afterEach(() => world.remove());

/** A state folder in which a key and a secret were sealed. */
async function used(): Promise<void> {
  const { store, keys, secrets, auditKey } = world.open();
  store.signWith(await auditKey());
  await keys.generate('kept', 'ec-p256');
  await secrets.setSecret('kept', 'value');
  await store.close();
}

/** Codes of each thing that needs the master key. */
async function codes(): Promise<readonly string[]> {
  const { store, keys, secrets, auditKey } = world.open();
  const found = [
    await codeOf(keys.open('software:kept')),
    await codeOf(keys.generate('more', 'ec-p256')),
    await codeOf(secrets.getSecret('kept')),
    await codeOf(secrets.setSecret('more', 'x')),
    await codeOf(auditKey()),
  ];
  await store.close();
  return found;
}

const all = (code: string): readonly string[] => Array.from({ length: 5 }, () => code);

describe('the master key', () => {
  it('is not made, nor looked for, before something is sealed', async () => {
    const { store, keys, secrets, fetches } = world.open();
    assert.deepEqual(listSecrets(store), []);
    assert.equal(await codeOf(keys.open('software:absent')), 'KEY_NOT_FOUND');
    assert.equal(await codeOf(secrets.getSecret('absent')), 'SECRET_NOT_FOUND');
    assert.equal(fetches(), 0);
    assert.ok(!existsSync(world.masterKey));
    await store.close();
  });

  it('lost: KEY_SEAL_BROKEN, and no new one is made', async () => {
    await used();
    rmSync(world.masterKey);
    assert.deepEqual(await codes(), all('KEY_SEAL_BROKEN'));
    assert.ok(!existsSync(world.masterKey));
  });

  it('exchanged: KEY_SEAL_BROKEN, and nothing is sealed under the other one', async () => {
    await used();
    writeFileSync(world.masterKey, randomBytes(32), { mode: 0o600 });
    assert.deepEqual(await codes(), all('KEY_SEAL_BROKEN'));
    const { store } = world.open();
    assert.equal(
      store.read((db) => db.prepare('SELECT count(*) AS n FROM custody_keys').get()?.['n']),
      2,
    );
    assert.equal(
      store.read((db) => db.prepare('SELECT count(*) AS n FROM custody_secrets').get()?.['n']),
      1,
    );
    await store.close();
  });

  it('restored: everything opens again, in the same process, too', async () => {
    await used();
    const { store, keys } = world.open();
    renameSync(world.masterKey, `${world.masterKey}.away`);
    assert.equal(await codeOf(keys.open('software:kept')), 'KEY_SEAL_BROKEN');
    renameSync(`${world.masterKey}.away`, world.masterKey);
    assert.equal(await codeOf(keys.open('software:kept')), 'none');
    await store.close();
  });

  it('exposed: nothing is sealed or opened', async () => {
    await used();
    chmodSync(world.masterKey, 0o644);
    assert.deepEqual(await codes(), all('KEY_MASTER_EXPOSED'));
  });

  it('cut short: nothing is sealed or opened', async () => {
    await used();
    writeFileSync(world.masterKey, randomBytes(16));
    assert.deepEqual(await codes(), all('KEY_MASTER_INVALID'));
  });

  it('with a database from another folder: KEY_SEAL_BROKEN', async () => {
    await used();
    const other = createWorld();
    const opened = other.open();
    await opened.keys.generate('theirs', 'ec-p256');
    await opened.store.close();
    renameSync(other.masterKey, world.masterKey);
    assert.deepEqual(await codes(), all('KEY_SEAL_BROKEN'));
    other.remove();
  });

  it('made, but never used because of a kill, is taken', async () => {
    writeFileSync(world.masterKey, randomBytes(32), { mode: 0o600 });
    assert.deepEqual((await codes()).slice(1, 2), ['none']);
  });

  it('of two first starts at once, one is used by both', async () => {
    const [a, b] = [world.open(), world.open()];
    await Promise.all([a.keys.generate('a', 'ec-p256'), b.keys.generate('b', 'ec-p256')]);
    assert.equal(await codeOf(a.keys.open('software:b')), 'none');
    assert.equal(await codeOf(b.keys.open('software:a')), 'none');
    await a.store.close();
    await b.store.close();
  });
});
