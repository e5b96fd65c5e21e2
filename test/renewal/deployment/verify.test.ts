import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { EverbindError } from '../../../src/errors/error.ts';
import { eventCount, eventsOf, eventTypes, keyHandles, troubleOf } from '../support/obtain-rows.ts';
import {
  assertWait,
  BOUND,
  callsOf,
  endsOf,
  issuedOf,
  OBTAINED,
  RENEWED,
  RESTORED,
  runOne,
  statusesOf,
} from '../support/use-judge.ts';
import { failing, notServed, STRANGER } from '../support/use-server.ts';
import { useSuite, type UseWorld } from '../support/use-world.ts';

// A certificate is issued and bound, and visitors do not get it.

const { test } = useSuite();

const one = '[{ name: shop, names: [shop.use.test], deployments: [{ type: iis }] }]';
const two =
  '[{ name: shop, names: [shop.use.test], deployments: [{ type: iis, sites: [A] }, { type: iis, sites: [B] }] }]';

/**
 * A certificate in use; its thumbprint. The next renewal has to be forced: the CA does not live at the time of the
 * tests.
 */
async function inUse(world: UseWorld, certificates = one): Promise<string> {
  await world.apply(certificates);
  return (await runOne(world, 'renewed')).thumbprint;
}

const force = true;

describe('a certificate that visitors do not get', () => {
  test('is taken back, kept, and bound by the next attempt without another order', async (world) => {
    const { server, clock, state } = world;
    const old = await inUse(world);
    server.trouble = notServed();
    const [events, calls, begun] = [eventCount(state.store), server.calls.length, clock.now()];
    const outcome = await runOne(world, 'rolledBack', { force });
    const [, kept] = issuedOf(world, 'shop');
    assert.ok(kept !== undefined);
    assert.equal(outcome.code, 'RENEWAL_NOT_VERIFIED');
    assert.match(outcome.message, /^1 of 1 endpoints .*shop:all/);
    assert.deepEqual(
      outcome.endpoints.map(({ endpoint, outcome, code, servedThumbprint }) => ({
        endpoint,
        outcome,
        code,
        servedThumbprint,
      })),
      [{ endpoint: 'shop:all', outcome: 'failed', code: 'VERIFY_WRONG_LEAF', servedThumbprint: STRANGER }],
    );
    assert.deepEqual(
      outcome.restored.map(({ outcome: came, servedThumbprint }) => ({ came, servedThumbprint })),
      [{ came: 'verified', servedThumbprint: old }],
    );
    assertWait(outcome.nextAttempt, 1, [begun, clock.now()]);
    const planned = eventsOf(state.store, 'shop', events).filter(({ type }) => type === 'bindings.planned');
    assert.deepEqual(
      planned.map(({ data }) => (data as { changes: unknown }).changes),
      [[{ target: 'shop:all', replaces: old }]],
    );
    assert.deepEqual(callsOf(world, calls), [
      'install shop:all',
      'plan shop:all',
      'apply shop:all',
      'verify shop:all',
      'restore shop:all',
    ]);
    assert.deepEqual([...server.bound], [['shop:all', old]]);
    const { certificate, openStep } = world.show('shop');
    assert.deepEqual(troubleOf(certificate), { failures: 1, dueReason: 'retry', code: 'RENEWAL_NOT_VERIFIED' });
    assert.equal(certificate.nextDue, outcome.nextAttempt);
    assert.equal(openStep, 'issued');
    assert.deepEqual(statusesOf(world, 'shop'), ['active', 'pending']);
    assert.deepEqual(eventTypes(state.store, 'shop', events), [...OBTAINED, ...BOUND, ...RESTORED]);
    const [failed, restored] = eventsOf(state.store, 'shop', events).slice(-2);
    assert.deepEqual(
      [failed?.data['code'], restored?.data['code'], restored?.data['abandoned']],
      ['RENEWAL_NOT_VERIFIED', 'RENEWAL_NOT_VERIFIED', false],
    );
    const shown = { host: '', endpoint: 'shop:all', findings: [] };
    assert.deepEqual(failed?.data['endpoints'], [
      { ...shown, outcome: 'failed', code: 'VERIFY_WRONG_LEAF', served: STRANGER },
    ]);
    assert.deepEqual(restored?.data['endpoints'], [{ ...shown, outcome: 'verified', code: null, served: old }]);

    // Nothing before its time.
    server.trouble = () => {};
    assert.equal((await world.renew()).worked, 0);
    clock.moveTo(outcome.nextAttempt);
    const later = eventCount(state.store);
    assert.equal((await runOne(world, 'renewed')).thumbprint, kept.thumbprint);
    assert.equal(world.orders.length, 2);
    assert.deepEqual([...server.bound], [['shop:all', kept.thumbprint]]);
    assert.deepEqual(statusesOf(world, 'shop'), ['previous', 'active']);
    assert.deepEqual(eventTypes(state.store, 'shop', later), ['renewal.resumed', ...BOUND, 'renewal.committed']);
    assert.deepEqual(troubleOf(world.show('shop').certificate), { failures: 0, dueReason: 'lifetime', code: null });
    assert.deepEqual(endsOf(world, 'shop'), ['renewal renewed', 'renewal renewed']);
  });

  test('three times in a row is abandoned for another one', async (world) => {
    const { server, clock, state } = world;
    const old = await inUse(world);
    server.trouble = notServed();
    const events = eventCount(state.store);
    for (const minutes of [1, 4, 16]) {
      const begun = clock.now();
      const { nextAttempt } = await runOne(world, 'rolledBack', { force: minutes === 1 });
      assertWait(nextAttempt, minutes, [begun, clock.now()]);
      assert.deepEqual([...server.bound], [['shop:all', old]]);
      clock.moveTo(nextAttempt);
    }
    const again = ['renewal.resumed', ...BOUND, ...RESTORED];
    assert.deepEqual(eventTypes(state.store, 'shop', events), [...OBTAINED, ...BOUND, ...RESTORED, ...again, ...again]);
    assert.deepEqual(
      eventsOf(state.store, 'shop', events)
        .filter(({ type }) => type === 'bindings.restored')
        .map(({ data }) => data['abandoned']),
      [false, false, true],
    );
    assert.equal(world.orders.length, 2);
    assert.deepEqual(statusesOf(world, 'shop'), ['active', 'failed']);
    assert.deepEqual(endsOf(world, 'shop'), ['renewal renewed', 'renewal rolledBack']);
    assert.equal(world.show('shop').openStep, null);
    assert.equal(world.show('shop').certificate.failures, 3);

    // The next one too: the failures go on being counted, its roll-backs begin anew.
    const begun = clock.now();
    const fourth = await runOne(world, 'rolledBack');
    assertWait(fourth.nextAttempt, 60, [begun, clock.now()]);
    assert.equal(world.orders.length, 3);
    assert.deepEqual(statusesOf(world, 'shop'), ['active', 'failed', 'pending']);

    server.trouble = () => {};
    clock.moveTo(fourth.nextAttempt);
    const later = eventCount(state.store);
    const { thumbprint } = await runOne(world, 'renewed');
    const [, given, third] = issuedOf(world, 'shop');
    assert.equal(thumbprint, third?.thumbprint);
    assert.equal(world.orders.length, 3);
    // What visitors never got goes, with its key; the one before stays for rolling back.
    assert.deepEqual(statusesOf(world, 'shop'), ['previous', 'retired', 'active']);
    assert.deepEqual(eventTypes(state.store, 'shop', later), [
      'renewal.resumed',
      ...BOUND,
      'renewal.committed',
      'certificate.retired',
    ]);
    assert.deepEqual([...server.installed].sort(), [old, thumbprint].sort());
    assert.ok(!keyHandles(state.store).includes(given?.keyHandle ?? ''));
    assert.equal(keyHandles(state.store).length, 3);
  });

  test('and cannot even be looked at counts the same, also when it is the first one ever', async (world) => {
    const { server, clock, state } = world;
    await world.apply(one);
    server.trouble = failing('verify', 'before', '', () => new EverbindError('VERIFY_TIMEOUT', 'too slow'));
    const outcome = await runOne(world, 'rolledBack');
    assert.deepEqual([outcome.code, outcome.endpoints], ['VERIFY_TIMEOUT', []]);
    assert.deepEqual(
      outcome.restored.map(({ outcome: came, servedThumbprint }) => ({ came, servedThumbprint })),
      [{ came: 'verified', servedThumbprint: null }],
    );
    assert.deepEqual([...server.bound], []);
    assert.deepEqual(statusesOf(world, 'shop'), ['pending']);
    assert.deepEqual(eventTypes(state.store, 'shop'), ['certificate.declared', ...OBTAINED, ...BOUND, ...RESTORED]);
    server.trouble = () => {};
    clock.moveTo(outcome.nextAttempt);
    const { thumbprint } = await runOne(world, 'renewed');
    assert.deepEqual([...server.bound], [['shop:all', thumbprint]]);
    assert.deepEqual(statusesOf(world, 'shop'), ['active']);
    assert.equal(world.orders.length, 1);
  });

  test('at one of two places is taken back from both, the last one first', async (world) => {
    const { server } = world;
    const old = await inUse(world, two);
    server.trouble = notServed('shop:B');
    const calls = server.calls.length;
    const outcome = await runOne(world, 'rolledBack', { force });
    assert.match(outcome.message, /^1 of 2 endpoints .*shop:B/);
    assert.deepEqual(
      outcome.endpoints.map(({ endpoint, outcome: came }) => [endpoint, came]),
      [
        ['shop:A', 'verified'],
        ['shop:B', 'failed'],
      ],
    );
    assert.deepEqual(callsOf(world, calls).slice(-2), ['restore shop:B', 'restore shop:A']);
    assert.deepEqual(Object.fromEntries(server.bound), { 'shop:A': old, 'shop:B': old });
  });

  test('and neither the one before: worse news than why it was taken back', async (world) => {
    const { server, clock } = world;
    const old = await inUse(world);
    server.trouble = ({ method }) => (method === 'verify' || method === 'restore' ? 'wrong' : undefined);
    const outcome = await runOne(world, 'rolledBack', { force });
    assert.equal(outcome.code, 'RENEWAL_NOT_RESTORED');
    assert.match(outcome.message, /1 of 1 endpoints do not serve what they served; shop:all.*before that: 1 of 1/);
    assert.deepEqual(
      outcome.restored.map(({ outcome: came }) => came),
      ['failed'],
    );
    // The records are as they were: there is nothing left to restore.
    assert.deepEqual([...server.bound], [['shop:all', old]]);
    assert.equal(world.show('shop').openStep, 'issued');
    assert.equal(world.show('shop').certificate.lastError?.code, 'RENEWAL_NOT_RESTORED');
    server.trouble = () => {};
    clock.moveTo(outcome.nextAttempt);
    await runOne(world, 'renewed');
    assert.equal(world.orders.length, 2);
  });

  test('goes where the configuration says by the next attempt', async (world) => {
    const { server, state } = world;
    const old = await inUse(world, two);
    server.trouble = notServed('shop:B');
    await runOne(world, 'rolledBack', { force });
    await world.apply('[{ name: shop, names: [shop.use.test], deployments: [{ type: iis, sites: [A] }] }]');
    // A change of the configuration is a reason to try at once.
    const [events, calls] = [eventCount(state.store), server.calls.length];
    const { thumbprint } = await runOne(world, 'renewed');
    assert.deepEqual(callsOf(world, calls), ['install shop:A', 'plan shop:A', 'apply shop:A', 'verify shop:A']);
    assert.deepEqual(Object.fromEntries(server.bound), { 'shop:A': thumbprint, 'shop:B': old });
    assert.deepEqual(eventTypes(state.store, 'shop', events), ['renewal.resumed', ...BOUND, 'renewal.committed']);
    assert.equal(world.orders.length, 2);
  });

  test('for half its life is replaced instead', async (world) => {
    const { server, clock, state } = world;
    await inUse(world);
    server.trouble = notServed();
    await runOne(world, 'rolledBack', { force });
    const [, waiting] = issuedOf(world, 'shop');
    assert.ok(waiting !== undefined);
    server.trouble = () => {};
    clock.moveTo((waiting.notBefore + waiting.notAfter) / 2);
    const events = eventCount(state.store);
    const { thumbprint } = await runOne(world, 'renewed');
    assert.notEqual(thumbprint, waiting.thumbprint);
    assert.equal(world.orders.length, 3);
    assert.deepEqual(statusesOf(world, 'shop'), ['previous', 'retired', 'active']);
    assert.deepEqual(endsOf(world, 'shop'), ['renewal renewed', 'renewal superseded', 'renewal renewed']);
    assert.deepEqual(eventTypes(state.store, 'shop', events), [
      'renewal.superseded',
      ...RENEWED,
      'certificate.retired',
    ]);
  });

  test('is due again sooner when the one in use is about to expire', async (world) => {
    const { server, clock } = world;
    await inUse(world);
    server.trouble = notServed();
    const [active] = issuedOf(world, 'shop');
    assert.ok(active !== undefined);
    await runOne(world, 'rolledBack', { force });
    await runOne(world, 'rolledBack', { force });
    // An hour is left: a quarter of it instead of the hundred minutes of a third failure.
    clock.moveTo(active.notAfter - 3_600_000);
    const begun = clock.now();
    const { nextAttempt } = await runOne(world, 'rolledBack');
    assertWait(nextAttempt, 15, [begun - 60_000, clock.now()]);
  });
});
