import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { runCommand } from '../../../lab/run-command.ts';
import type { Signer } from '../../../src/ports/signer.ts';
import { clock, codeOf, createWorld } from '../world.ts';

const world = createWorld();
const custody = world.open();
const { keys } = custody;
after(async () => {
  await custody.store.close();
  world.remove();
});

async function signs(signer: Signer): Promise<boolean> {
  const data = Buffer.from('data');
  const key = createPublicKey({ key: Buffer.from(signer.publicKey), format: 'der', type: 'spki' });
  const hash = signer.algorithm === 'EdDSA' ? null : signer.algorithm === 'ES384' ? 'sha384' : 'sha256';
  return verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, await signer.sign(data));
}

describe('the software key store', () => {
  for (const algorithm of ['ec-p256', 'ec-p384', 'ed25519', 'rsa-2048', 'rsa-3072', 'rsa-4096'] as const) {
    it(`makes ${algorithm} keys that another process finds again`, async () => {
      const handle = await keys.generate(`r-${algorithm}`, algorithm);
      assert.equal(handle, `software:r-${algorithm}`);
      const signer = await keys.open(handle);
      assert.ok(await signs(signer));
      const other = world.open();
      const again = await other.keys.open(handle);
      assert.deepEqual(again.publicKey, signer.publicKey);
      assert.ok(await signs(again));
      assert.equal(await other.keys.generate(`r-${algorithm}`, algorithm), handle);
      assert.deepEqual((await other.keys.open(handle)).publicKey, signer.publicKey);
      await other.store.close();
    });
  }

  it('makes one key a name, however many ask at once', async () => {
    const handles = await Promise.all(Array.from({ length: 20 }, () => keys.generate('once', 'ec-p256')));
    assert.deepEqual(new Set(handles), new Set(['software:once']));
    const [a, b] = [world.open(), world.open()];
    await Promise.all([a.keys.generate('twice', 'ec-p256'), b.keys.generate('twice', 'ec-p256')]);
    const [one, two] = [await a.keys.open('software:twice'), await b.keys.open('software:twice')];
    assert.deepEqual(one.publicKey, two.publicKey);
    await a.store.close();
    await b.store.close();
  });

  it('does not hand out a key of another algorithm', async () => {
    await keys.generate('fixed', 'ec-p256');
    assert.equal(await codeOf(keys.generate('fixed', 'rsa-2048')), 'KEY_ALGORITHM_UNSUPPORTED');
    assert.equal((await keys.open('software:fixed')).algorithm, 'ES256');
  });

  it('knows no key that was not made, and none of another provider', async () => {
    assert.equal(await codeOf(keys.open('software:absent')), 'KEY_NOT_FOUND');
    assert.equal(await codeOf(keys.open('cng:fixed')), 'KEY_NOT_FOUND');
  });

  it('takes plain names only', async () => {
    for (const name of ['', '../x', 'a b', 'a:b', 'x'.repeat(200)]) {
      assert.equal(await codeOf(keys.generate(name, 'ec-p256')), 'KEY_STORE_FAILED', name);
    }
  });

  it('opens the master key once, and a key once, however often they are used', async () => {
    const other = world.open();
    assert.equal(other.fetches(), 0);
    const first = await other.keys.open('software:fixed');
    for (let round = 0; round < 100; round += 1) await first.sign(Buffer.from('x'));
    assert.equal(await other.keys.open('software:fixed'), first);
    await other.keys.open('software:once');
    assert.equal(other.fetches(), 1);
    await other.store.close();
  });

  it('keeps as many open as it has room for, and finds the others again', async () => {
    const handles: string[] = [];
    for (let index = 0; index < 300; index += 1) handles.push(await keys.generate(`many-${index}`, 'ec-p256'));
    const [first = '', , last = ''] = [handles[0], handles[1], handles.at(-1)];
    const open = await keys.open(last);
    assert.equal(await keys.open(last), open);
    assert.ok(await signs(await keys.open(first)));
  });

  it('destroys a key for good, twice if need be', async () => {
    const handle = await keys.generate('doomed', 'ec-p256');
    const before = (await keys.open(handle)).publicKey;
    await keys.destroy(handle);
    await keys.destroy(handle);
    assert.equal(await codeOf(keys.open(handle)), 'KEY_NOT_FOUND');
    await keys.generate('doomed', 'ec-p256');
    assert.notDeepEqual((await keys.open(handle)).publicKey, before);
  });

  it('when the database fails, no key is said to be there', async () => {
    const other = world.open();
    await other.store.close();
    assert.notEqual(await codeOf(other.keys.generate('late', 'ec-p256')), 'none');
    assert.equal(await codeOf(keys.open('software:late')), 'KEY_NOT_FOUND');
  });
});

describe('attaching a key to its certificate', () => {
  async function certificateFor(handle: string): Promise<Buffer> {
    const keyFile = join(world.folder, 'attach.key');
    const pem = (await keys.privateKey(handle)).export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(keyFile, pem, { mode: 0o600 });
    const out = join(world.folder, 'attach.der');
    const request = `req -x509 -new -key ${keyFile} -subj /CN=attach -days 2 -outform DER -out ${out}`;
    const made = await runCommand('openssl', request.split(' '));
    assert.equal(made.exitCode, 0, made.stderr);
    return readFileSync(out);
  }

  for (const algorithm of ['ec-p256', 'rsa-2048'] as const) {
    it(`${algorithm}: gives the key itself, as OpenSSL reads it`, async () => {
      const handle = await keys.generate(`attach-${algorithm}`, algorithm);
      const attachment = await keys.attach(handle, [await certificateFor(handle)]);
      assert.equal(attachment.kind, 'pkcs8');
      if (attachment.kind !== 'pkcs8') return;
      const file = join(world.folder, 'attach.p8');
      writeFileSync(file, attachment.privateKey, { mode: 0o600 });
      const read = await runCommand('openssl', ['pkey', '-inform', 'DER', '-in', file]);
      assert.equal(read.exitCode, 0, read.stderr);
      assert.equal(read.stdout, (await keys.privateKey(handle)).export({ type: 'pkcs8', format: 'pem' }));
    });
  }

  it('gives octets of its own each time: overwriting them leaves the key usable', async () => {
    const handle = await keys.generate('attach-again', 'ec-p256');
    const certificate = await certificateFor(handle);
    const attachments = await Promise.all([1, 2, 3].map(() => keys.attach(handle, [certificate])));
    const copies = attachments.map((attachment) =>
      attachment.kind === 'pkcs8' ? attachment.privateKey : assert.fail(),
    );
    copies[0]?.fill(0);
    assert.ok(copies.slice(1).every((copy) => copy.some((octet) => octet !== 0)));
    assert.ok(await signs(await keys.open(handle)));
    const [later, other] = [await keys.attach(handle, [certificate]), copies[1]];
    assert.ok(later.kind === 'pkcs8' && other !== undefined && Buffer.compare(later.privateKey, other) === 0);
  });

  it('refuses a key that is not there, no chain, and the certificate of another key', async () => {
    assert.equal(await codeOf(keys.attach('software:absent', [])), 'KEY_NOT_FOUND');
    await keys.generate('bare', 'ec-p256');
    assert.equal(await codeOf(keys.attach('software:bare', [])), 'KEY_NOT_POSSESSED');
    const other = await keys.generate('attach-other', 'ec-p256');
    assert.equal(await codeOf(keys.attach('software:bare', [await certificateFor(other)])), 'KEY_NOT_POSSESSED');
  });
});

describe('what the database may hold', () => {
  it('a key swapped for another is found', async () => {
    await keys.generate('left', 'ec-p256');
    await keys.generate('right', 'ec-p256');
    world.tamper((db) => {
      db.exec(`CREATE TEMP TABLE swap AS SELECT handle, sealed FROM custody_keys WHERE handle IN ('software:left', 'software:right');
        UPDATE custody_keys SET sealed = (SELECT sealed FROM swap WHERE handle <> custody_keys.handle)
        WHERE handle IN ('software:left', 'software:right')`);
    });
    const other = world.open();
    assert.equal(await codeOf(other.keys.open('software:left')), 'KEY_SEAL_BROKEN');
    assert.equal(await codeOf(other.keys.open('software:right')), 'KEY_SEAL_BROKEN');
    await other.store.close();
  });

  it('each changed octet of a sealed key is found', async () => {
    const handle = await keys.generate('bytes', 'ed25519');
    const sealed = custody.store.read(
      (db) => db.prepare('SELECT sealed FROM custody_keys WHERE handle = ?').get(handle)?.['sealed'] as Uint8Array,
    );
    for (const [index, octet] of sealed.entries()) {
      const changed = Uint8Array.from(sealed);
      changed[index] = octet ^ 0x10;
      world.tamper((db) => db.prepare('UPDATE custody_keys SET sealed = ? WHERE handle = ?').run(changed, handle));
      const other = world.open();
      assert.equal(await codeOf(other.keys.open(handle)), 'KEY_SEAL_BROKEN', `octet ${index}`);
      await other.store.close();
    }
  });

  it('a key said to be of another algorithm, or renamed, is found', async () => {
    await keys.generate('honest', 'ec-p256');
    world.tamper((db) => db.exec(`UPDATE custody_keys SET algorithm = 'ec-p384' WHERE handle = 'software:honest'`));
    const first = world.open();
    assert.equal(await codeOf(first.keys.open('software:honest')), 'KEY_SEAL_BROKEN');
    await first.store.close();
    world.tamper((db) =>
      db.exec(
        `UPDATE custody_keys SET algorithm = 'ec-p256', handle = 'software:posed' WHERE handle = 'software:honest'`,
      ),
    );
    const second = world.open();
    assert.equal(await codeOf(second.keys.open('software:posed')), 'KEY_SEAL_BROKEN');
    await second.store.close();
  });

  it('a key without its seal is not taken', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const bare = privateKey.export({ type: 'pkcs8', format: 'der' });
    world.tamper((db) =>
      db
        .prepare('INSERT INTO custody_keys (handle, algorithm, sealed, created_at) VALUES (?, ?, ?, ?)')
        .run('software:bare-key', 'ec-p256', bare, clock.now()),
    );
    assert.equal(await codeOf(keys.open('software:bare-key')), 'KEY_SEAL_BROKEN');
  });
});
