import assert from 'node:assert/strict';
import type { KeyObject } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { createWorld } from './world.ts';

const world = createWorld();
after(() => world.remove());

/** Every file of the state folder but the master key itself. */
function files(): readonly { readonly name: string; readonly octets: Buffer }[] {
  return readdirSync(world.folder)
    .filter((name) => name !== 'master.key')
    .map((name) => ({ name, octets: readFileSync(join(world.folder, name)) }));
}

/** Forms under which a private key might have got to disk. */
function forms(key: KeyObject): readonly Buffer[] {
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  const jwk = key.export({ format: 'jwk' });
  const numbers = [jwk.d, jwk.p, jwk.q].flatMap((part) => (part === undefined ? [] : [Buffer.from(part, 'base64url')]));
  const own =
    key.asymmetricKeyType === 'ec'
      ? [key.export({ type: 'sec1', format: 'der' })]
      : key.asymmetricKeyType === 'rsa'
        ? [key.export({ type: 'pkcs1', format: 'der' })]
        : [];
  const raw = [pkcs8, ...own, ...numbers];
  return [
    ...raw,
    ...raw.flatMap((octets) => [
      Buffer.from(octets.toString('hex')),
      Buffer.from(octets.toString('base64').slice(0, 40)),
      Buffer.from(octets.toString('base64url').slice(0, 40)),
    ]),
  ];
}

describe('what reaches the disk', () => {
  it('no private key and no secret in any form, neither in the database nor in its log', async () => {
    const { store, keys, secrets, auditKey } = world.open();
    store.signWith(await auditKey());
    const handles = ['software:audit'];
    for (const algorithm of ['ec-p256', 'ec-p384', 'ed25519', 'rsa-2048'] as const) {
      handles.push(await keys.generate(`t-${algorithm}`, algorithm));
    }
    await secrets.setSecret('plain', 'correct horse battery staple');
    const wanted: Buffer[] = [Buffer.from('correct horse battery staple')];
    for (const handle of handles) wanted.push(...forms(await keys.privateKey(handle)));
    assert.ok(wanted.length > 40);

    const look = (): void => {
      const found = files();
      assert.ok(found.some(({ octets }) => octets.includes('software:t-ec-p256')));
      for (const { name, octets } of found) {
        for (const form of wanted) assert.ok(!octets.includes(form), `${name} holds ${form.length} octets of a secret`);
      }
    };
    assert.ok(files().some(({ name }) => name.endsWith('-wal')));
    look();
    await store.close();
    look();
  });

  it('the same search finds a key that was not sealed', async () => {
    const { store, keys } = world.open();
    const key = await keys.privateKey('software:t-ec-p256');
    const [pkcs8 = Buffer.alloc(0)] = forms(key);
    world.tamper((db) =>
      db.prepare('UPDATE custody_keys SET sealed = ? WHERE handle = ?').run(pkcs8, 'software:t-ed25519'),
    );
    assert.ok(files().some(({ octets }) => octets.includes(pkcs8)));
    await store.close();
  });

  it('a destroyed key leaves not even its sealed octets in the database', async () => {
    const { store, keys } = world.open();
    const handle = await keys.generate('gone', 'ec-p256');
    const sealed = store.read((db) =>
      Buffer.from(db.prepare('SELECT sealed FROM custody_keys WHERE handle = ?').get(handle)?.['sealed'] as Uint8Array),
    );
    await store.close();
    assert.ok(files().some(({ octets }) => octets.includes(sealed)));
    const again = world.open();
    await again.keys.destroy(handle);
    await again.store.close();
    assert.ok(!files().some(({ octets }) => octets.includes(sealed)));
  });

  it('every file is for its owner alone', () => {
    for (const name of readdirSync(world.folder)) {
      assert.equal(statSync(join(world.folder, name)).mode & 0o077, 0, name);
    }
  });

  it('key store, signers and handles show no key when they are printed', async () => {
    const { store, keys } = world.open();
    const signer = await keys.open('software:t-ec-p256');
    const { d = '' } = (await keys.privateKey('software:t-ec-p256')).export({ format: 'jwk' });
    const hex = Buffer.from(d, 'base64url').toString('hex');
    for (const text of [inspect([keys, signer], { depth: 9, showHidden: true }), JSON.stringify([keys, signer])]) {
      assert.ok(!text.includes(d) && !text.includes(hex));
    }
    await store.close();
  });
});
