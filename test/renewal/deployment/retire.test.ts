import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { EverbindError } from '../../../src/errors/error.ts';
import { showCertificate } from '../../../src/overview/certificate-detail.ts';
import { eventCount, eventsOf, eventTypes, keyHandles, rowsOf } from '../support/obtain-rows.ts';
import { callsOf, issuedOf, RENEWED, runOne, statusesOf } from '../support/use-judge.ts';
import { failing } from '../support/use-server.ts';
import { useSuite, type UseWorld } from '../support/use-world.ts';

// What becomes of certificates that newer ones have replaced.

const DAY = 86_400_000;

const { test } = useSuite();

const force = true;

function shop(settings: string): string {
  return `[{ name: shop, names: [shop.retire.test], deployments: [{ type: iis }], ${settings} }]`;
}

/** Renews so many times; the thumbprints, the newest last. */
async function renewals(world: UseWorld, times: number): Promise<readonly string[]> {
  const thumbprints: string[] = [];
  for (let time = 0; time < times; time += 1) {
    thumbprints.push((await runOne(world, 'renewed', { force })).thumbprint);
  }
  return thumbprints;
}

/** When the first one that was issued is looked at again; null when it is not. */
function retireAt({ state }: UseWorld): unknown {
  return rowsOf(state.store, 'SELECT retire_at FROM issued ORDER BY id')[0]?.['retire_at'];
}

describe('old certificates', () => {
  for (const keepOld of [0, 1, 2]) {
    test(`go with their keys, but for the ${keepOld} that are kept`, async (world) => {
      const { server, state } = world;
      await world.apply(shop(`keepOld: ${keepOld}`));
      const thumbprints = await renewals(world, 4);
      const gone = 3 - keepOld;
      assert.deepEqual(statusesOf(world, 'shop'), [
        ...Array<string>(gone).fill('retired'),
        ...Array<string>(keepOld).fill('previous'),
        'active',
      ]);
      assert.deepEqual([...server.installed].sort(), thumbprints.slice(gone).sort());
      assert.deepEqual([...server.bound.values()], thumbprints.slice(-1));
      const kept = issuedOf(world, 'shop').filter(({ status }) => status !== 'retired');
      const account = rowsOf(state.store, 'SELECT key_handle FROM account').map((row) => String(row['key_handle']));
      assert.deepEqual(keyHandles(state.store), [...account, ...kept.map(({ keyHandle }) => keyHandle)].sort());
      // One event each, of the renewal that made it too old.
      const retired = eventsOf(state.store, 'shop').filter(({ type }) => type === 'certificate.retired');
      assert.deepEqual(
        retired.map(({ data }) => data),
        thumbprints.slice(0, gone).map((thumbprint) => ({ thumbprint, keyDestroyed: true })),
      );
      const types = eventTypes(state.store, 'shop');
      assert.deepEqual(types.slice(-RENEWED.length - 1), [...RENEWED, 'certificate.retired']);
      // What is gone is not shown any more, and its chain is not kept.
      assert.equal(state.store.read((db) => showCertificate(db, 'shop')).issued.length, keepOld + 1);
      for (const { status, chain } of issuedOf(world, 'shop')) assert.equal(chain === '', status === 'retired');
    });
  }

  test('stay as long as anything is bound to them, and are looked at once a day', async (world) => {
    const { server, clock, state } = world;
    await world.apply(shop('keepOld: 0'));
    const [old = ''] = await renewals(world, 1);
    server.bound.set('somebody:990', old);
    const from = eventCount(state.store);
    const begun = clock.now();
    await runOne(world, 'renewed', { force });
    assert.deepEqual(statusesOf(world, 'shop'), ['retiring', 'active']);
    const again = Number(retireAt(world));
    assert.ok(again >= begun + DAY && again <= clock.now() + DAY, String(again - begun));
    assert.ok(server.installed.has(old));
    const [kept] = issuedOf(world, 'shop');
    assert.ok(keyHandles(state.store).includes(kept?.keyHandle ?? ''));
    assert.notEqual(kept?.chain, '');
    assert.deepEqual(eventTypes(state.store, 'shop', from), RENEWED);

    // Nothing before the day is over, and nothing that would show while it is still bound.
    const calls = server.calls.length;
    assert.deepEqual(await world.renew(), { managed: 1, worked: 0, outcomes: [] });
    assert.deepEqual(callsOf(world, calls), []);
    clock.moveTo(again);
    assert.equal((await world.renew()).worked, 0);
    assert.deepEqual(callsOf(world, calls), ['retire shop:all']);
    assert.ok(server.installed.has(old));
    assert.ok(Number(retireAt(world)) >= again + DAY);

    server.bound.delete('somebody:990');
    clock.moveTo(Number(retireAt(world)));
    assert.equal((await world.renew()).worked, 0);
    assert.ok(!server.installed.has(old));
    assert.deepEqual(statusesOf(world, 'shop'), ['retired', 'active']);
    assert.equal(retireAt(world), null);
    assert.ok(!keyHandles(state.store).includes(kept?.keyHandle ?? ''));
    assert.deepEqual(eventTypes(state.store, 'shop', from), [...RENEWED, 'certificate.retired']);
    clock.advance(DAY);
    const end = server.calls.length;
    await world.renew();
    assert.deepEqual(callsOf(world, end), []);
  });

  for (const moment of ['before', 'after'] as const) {
    test(`that cannot be removed fail no renewal; retire fails ${moment} it is done`, async (world) => {
      const { server, clock, state } = world;
      await world.apply(shop('keepOld: 0'));
      const [old = ''] = await renewals(world, 1);
      const from = eventCount(state.store);
      server.trouble = failing('retire', moment);
      await runOne(world, 'renewed', { force });
      assert.deepEqual(statusesOf(world, 'shop'), ['retiring', 'active']);
      assert.deepEqual(eventTypes(state.store, 'shop', from), [...RENEWED, 'certificate.retire-failed']);
      assert.deepEqual(eventsOf(state.store, 'shop').at(-1)?.data, { thumbprint: old, code: 'WIN_CALL_FAILED' });
      assert.equal(world.show('shop').certificate.failures, 0);
      server.trouble = () => {};
      clock.moveTo(Number(retireAt(world)));
      await world.renew();
      assert.deepEqual(statusesOf(world, 'shop'), ['retired', 'active']);
      assert.ok(!server.installed.has(old));
      assert.equal(eventTypes(state.store, 'shop').at(-1), 'certificate.retired');
    });
  }

  test('whose key cannot be destroyed are tried again until it is', async (world) => {
    const { clock, state } = world;
    await world.apply(shop('keepOld: 0'));
    await renewals(world, 1);
    const [old] = issuedOf(world, 'shop');
    world.onDestroy = () => {
      throw new EverbindError('KEY_STORE_FAILED', 'not now for the test');
    };
    await runOne(world, 'renewed', { force });
    assert.deepEqual(statusesOf(world, 'shop'), ['retiring', 'active']);
    assert.deepEqual(eventsOf(state.store, 'shop').at(-1)?.data, {
      thumbprint: old?.thumbprint,
      code: 'KEY_STORE_FAILED',
    });
    world.onDestroy = () => {};
    clock.moveTo(Number(retireAt(world)));
    await world.renew();
    assert.deepEqual(statusesOf(world, 'shop'), ['retired', 'active']);
    assert.ok(!keyHandles(state.store).includes(old?.keyHandle ?? ''));
  });

  test('one that cannot be removed keeps no other from it', async (world) => {
    const { server } = world;
    await world.apply(shop('keepOld: 2'));
    const [first = '', second = ''] = await renewals(world, 3);
    server.trouble = ({ method, thumbprint }) => {
      if (method === 'retire' && thumbprint === second) throw new EverbindError('WIN_CALL_FAILED', 'for the test');
    };
    await world.apply(shop('keepOld: 0'));
    await runOne(world, 'renewed', { force });
    assert.deepEqual(statusesOf(world, 'shop'), ['retired', 'retiring', 'retired', 'active']);
    assert.ok(!server.installed.has(first));
    assert.ok(server.installed.has(second));
  });

  test('leave their key to a newer one that has the same', async (world) => {
    const { server, state } = world;
    await world.apply(shop('keepOld: 0, key: { reuse: true }'));
    const [old = ''] = await renewals(world, 2);
    const [first, second] = issuedOf(world, 'shop');
    assert.equal(first?.keyHandle, second?.keyHandle);
    assert.deepEqual(statusesOf(world, 'shop'), ['retired', 'active']);
    assert.ok(!server.installed.has(old));
    assert.ok(keyHandles(state.store).includes(second?.keyHandle ?? ''));
    assert.deepEqual(eventsOf(state.store, 'shop').at(-1)?.data, { thumbprint: old, keyDestroyed: false });
  });

  test('of several places go when the last one has let go', async (world) => {
    const { server, clock } = world;
    await world.apply(
      '[{ name: shop, names: [shop.retire.test], keepOld: 0, deployments: [{ type: iis, sites: [A] }, { type: iis, sites: [B] }] }]',
    );
    await renewals(world, 1);
    server.trouble = failing('retire', 'before', 'shop:B');
    const calls = server.calls.length;
    await runOne(world, 'renewed', { force });
    assert.deepEqual(callsOf(world, calls).slice(-2), ['retire shop:A', 'retire shop:B']);
    assert.deepEqual(statusesOf(world, 'shop'), ['retiring', 'active']);
    server.trouble = () => {};
    clock.moveTo(Number(retireAt(world)));
    await world.renew();
    assert.deepEqual(statusesOf(world, 'shop'), ['retired', 'active']);
  });

  test('of a certificate that is not declared any more still go when their time comes', async (world) => {
    const { server, clock } = world;
    await world.apply(shop('keepOld: 0'));
    const [old = ''] = await renewals(world, 1);
    server.trouble = failing('retire');
    await runOne(world, 'renewed', { force });
    server.trouble = () => {};
    const again = Number(retireAt(world));
    await world.apply('[]');
    clock.moveTo(again);
    const serving = server.bound.get('shop:all') ?? '';
    await world.renew();
    assert.ok(!server.installed.has(old));
    // The one that serves is skipped.
    assert.ok(server.installed.has(serving));
    assert.equal(server.bound.get('shop:all'), serving);
  });

  test('that are still bound keep their key, also when nothing is deployed any more', async (world) => {
    const { server, state } = world;
    await world.apply(shop('keepOld: 0'));
    const [old = ''] = await renewals(world, 1);
    const [bound] = issuedOf(world, 'shop');
    await world.apply('[{ name: shop, names: [shop.retire.test], deployments: [], keepOld: 0 }]');
    await runOne(world, 'renewed', { force });
    assert.equal(server.bound.get('shop:all'), old);
    assert.ok(server.installed.has(old));
    // A key in a provider of Windows is the one that the site uses.
    assert.ok(keyHandles(state.store).includes(bound?.keyHandle ?? ''));
    assert.deepEqual(statusesOf(world, 'shop'), ['retiring', 'active']);
  });
});
