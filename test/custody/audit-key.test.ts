import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { signCheckpoint, openCheckpoint } from '../../src/audit/checkpoint.ts';
import { parseVerifier, verifierText } from '../../src/audit/note.ts';
import { codeOf, createWorld, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
});
afterEach(() => world.remove());

describe('the key of the audit log', () => {
  it('signs checkpoints that its verifier key opens', async () => {
    const { store, auditKey } = world.open();
    const signer = await auditKey();
    assert.match(signer.name, /^everbind\/[0-9a-f]{16}$/);
    assert.equal(signer.publicKey.length, 32);
    const note = signCheckpoint(7, Buffer.alloc(32, 1), signer);
    assert.equal(openCheckpoint(note, parseVerifier(verifierText(signer))).size, 7);
    await store.close();
  });

  it('is the same for every process, from the first start on', async () => {
    const [a, b] = [world.open(), world.open()];
    const [one, two] = await Promise.all([a.auditKey(), b.auditKey()]);
    assert.deepEqual([one.name, one.publicKey], [two.name, two.publicKey]);
    await a.store.close();
    await b.store.close();
    const later = world.open();
    assert.equal((await later.auditKey()).name, one.name);
    await later.store.close();
  });

  it('is another one in another folder', async () => {
    const other = createWorld();
    const [a, b] = [world.open(), other.open()];
    assert.notEqual((await a.auditKey()).name, (await b.auditKey()).name);
    await a.store.close();
    await b.store.close();
    other.remove();
  });

  it('when it is gone and the log has entries, no other takes its place', async () => {
    const first = world.open();
    first.store.signWith(await first.auditKey());
    await first.secrets.setSecret('x', 'y');
    await first.keys.destroy('software:audit');
    assert.equal(await codeOf(first.auditKey()), 'KEY_NOT_FOUND');
    await first.store.close();
    const later = world.open();
    assert.equal(await codeOf(later.auditKey()), 'KEY_NOT_FOUND');
    await later.store.close();
  });
});
