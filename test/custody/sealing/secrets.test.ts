import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { listSecrets } from '../../../src/custody/sealing/secrets.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import { codeOf, createWorld } from '../world.ts';

const world = createWorld();
const { store, secrets, auditKey } = world.open();
before(async () => store.signWith(await auditKey()));
after(async () => {
  await store.close();
  world.remove();
});

function events(): readonly string[] {
  const rows = store.read((db) => db.prepare('SELECT event FROM audit_event ORDER BY seq').all());
  return rows.map((row) => String(row['event']));
}

describe('secrets', () => {
  it('are set, read, replaced, listed without their values, and deleted', async () => {
    await secrets.setSecret('b.token', 'first');
    await secrets.setSecret('a', 'other');
    await secrets.setSecret('b.token', 'second');
    assert.equal(await secrets.getSecret('b.token'), 'second');
    assert.equal(await secrets.resolveSecret('secret:a'), 'other');
    const list = listSecrets(store);
    assert.deepEqual(
      list.map(({ name }) => name),
      ['a', 'b.token'],
    );
    assert.doesNotMatch(JSON.stringify(list), /first|second|other/);
    assert.ok((list[1]?.changedAt ?? 0) >= (list[1]?.createdAt ?? Number.POSITIVE_INFINITY));
    assert.equal(await secrets.deleteSecret('a'), true);
    assert.equal(await secrets.deleteSecret('a'), false);
    assert.equal(await codeOf(secrets.getSecret('a')), 'SECRET_NOT_FOUND');
  });

  it('survive in any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }), async (value) => {
        await secrets.setSecret('any', value);
        assert.equal(await secrets.getSecret('any'), value);
      }),
      { numRuns: 30 },
    );
  });

  it('changes are in the audit log, values are not', async () => {
    const before = events().length;
    await secrets.setSecret('logged', 'hunter2');
    await secrets.deleteSecret('logged');
    await secrets.deleteSecret('logged');
    const told = events().slice(before);
    assert.deepEqual(
      told.map((event) => [JSON.parse(event).type, JSON.parse(event).subject]),
      [
        ['secret.set', 'logged'],
        ['secret.deleted', 'logged'],
      ],
    );
    assert.doesNotMatch(events().join('\n'), /hunter2/);
  });

  it('one that is not set says how to set it', async () => {
    await assert.rejects(secrets.resolveSecret('secret:zerossl-hmac'), (error) => {
      assert.ok(error instanceof EverbindError);
      assert.equal(error.code, 'SECRET_NOT_FOUND');
      assert.match(error.message, /everbind secret set zerossl-hmac/);
      return true;
    });
  });

  it('names are plain, values have bounds, and a literal in the place of a reference is not repeated', async () => {
    for (const name of ['', '.x', 'a b', 'a/b', 'x'.repeat(64), '-x']) {
      assert.equal(await codeOf(secrets.setSecret(name, 'v')), 'SECRET_INVALID', name);
      assert.equal(await codeOf(secrets.getSecret(name)), 'SECRET_INVALID', name);
    }
    assert.equal(await codeOf(secrets.setSecret('x', '')), 'SECRET_INVALID');
    assert.equal(await codeOf(secrets.setSecret('x', 'y'.repeat(65_537))), 'SECRET_INVALID');
    for (const literal of ['hunter2', 'SECRET:x', 'secret:hunter2 hunter2']) {
      await assert.rejects(secrets.resolveSecret(literal), (error) => {
        assert.ok(error instanceof EverbindError);
        assert.equal(error.code, 'SECRET_INVALID');
        assert.doesNotMatch(`${error.message}${JSON.stringify(error.details)}`, /hunter2/);
        return true;
      });
    }
  });

  it('swapped in the database, or passed off as a key, they do not open', async () => {
    await secrets.setSecret('one', '1');
    await secrets.setSecret('two', '2');
    world.tamper((db) => {
      db.exec(`UPDATE custody_secrets SET sealed = (SELECT sealed FROM custody_secrets WHERE name = 'two') WHERE name = 'one';
        INSERT INTO custody_keys SELECT 'software:two', 'ec-p256', sealed, 0 FROM custody_secrets WHERE name = 'two'`);
    });
    assert.equal(await codeOf(secrets.getSecret('one')), 'KEY_SEAL_BROKEN');
    const other = world.open();
    assert.equal(await codeOf(other.keys.open('software:two')), 'KEY_SEAL_BROKEN');
    await other.store.close();
  });
});
