import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { EverbindError } from '../../../src/errors/error.ts';
import type { ErrorCode } from '../../../src/errors/table.ts';
import { eventCount, eventsOf, eventTypes, troubleOf } from '../support/obtain-rows.ts';
import {
  BOUND,
  callsOf,
  endsOf,
  expectKind,
  issuedOf,
  RENEWED,
  RESTORED,
  runOne,
  statusesOf,
} from '../support/use-judge.ts';
import { failing, notServed, type Trouble } from '../support/use-server.ts';
import { useSuite, type UseWorld } from '../support/use-world.ts';

// A person goes back to the certificate before.

const DAY = 86_400_000;
const HOUR = 3_600_000;

const { test } = useSuite();

const force = true;

function shop(settings = 'keepOld: 1'): string {
  return `[{ name: shop, names: [shop.back.test], deployments: [{ type: iis }], ${settings} }]`;
}

/** Issues so many and has the newest in use; all thumbprints, the newest last. */
async function renewals(world: UseWorld, times: number, settings?: string): Promise<readonly string[]> {
  await world.apply(shop(settings));
  const thumbprints: string[] = [];
  for (let time = 0; time < times; time += 1) {
    thumbprints.push((await runOne(world, 'renewed', { force })).thumbprint);
  }
  return thumbprints;
}

/** That going back is refused, and that nothing has happened. */
async function refused(world: UseWorld, code: ErrorCode, name = 'shop'): Promise<void> {
  const { state, server } = world;
  const [events, calls] = [eventCount(state.store), server.calls.length];
  await assert.rejects(world.rollBack(name), { code });
  assert.equal(eventCount(state.store), events);
  assert.equal(server.calls.length, calls);
}

const ROLLED_BACK = ['rollback.started', ...BOUND, 'rollback.committed'];

describe('going back', () => {
  test('there and back again, each time verified, with no order', async (world) => {
    const { server, clock, state } = world;
    const [first = '', second = ''] = await renewals(world, 2);
    const turns = [
      { to: first, from: second, statuses: ['active', 'previous'] },
      { to: second, from: first, statuses: ['previous', 'active'] },
    ];
    for (const { to, from, statuses } of turns) {
      const [events, calls, begun] = [eventCount(state.store), server.calls.length, clock.now()];
      const outcome = expectKind(await world.rollBack('shop'), 'renewed');
      assert.equal(outcome.thumbprint, to);
      assert.deepEqual(
        outcome.endpoints.map(({ outcome: came, servedThumbprint }) => ({ came, servedThumbprint })),
        [{ came: 'verified', servedThumbprint: to }],
      );
      assert.equal(outcome.changes, 1);
      assert.deepEqual([...server.bound], [['shop:all', to]]);
      assert.deepEqual(statusesOf(world, 'shop'), statuses);
      assert.deepEqual(
        callsOf(world, calls),
        ['install', 'plan', 'apply', 'verify'].map((method) => `${method} shop:all`),
      );
      assert.deepEqual(eventTypes(state.store, 'shop', events), ROLLED_BACK);
      const committed = eventsOf(state.store, 'shop').at(-1)?.data;
      assert.deepEqual([committed?.['thumbprint'], committed?.['replaced']], [to, from]);
      // There is a day to look into it, or most of what is left for certificates that are old enough to be renewed.
      const { certificate } = world.show('shop');
      assert.deepEqual(troubleOf(certificate), { failures: 0, dueReason: 'rolled-back', code: null });
      assert.equal(certificate.nextDue, outcome.nextDue);
      assert.ok(outcome.nextDue >= begun + DAY);
      assert.equal((await world.renew()).worked, 0);
    }
    assert.equal(world.orders.length, 2);
    assert.deepEqual(endsOf(world, 'shop'), [
      'renewal renewed',
      'renewal renewed',
      'rollback renewed',
      'rollback renewed',
    ]);
  });

  test('to one that is due leaves a day, and no more than an hour before it expires', async (world) => {
    const { clock } = world;
    await renewals(world, 2);
    const [first] = issuedOf(world, 'shop');
    assert.ok(first !== undefined);
    clock.moveTo(first.notAfter - 10 * DAY);
    const begun = clock.now();
    const { nextDue } = expectKind(await world.rollBack('shop'), 'renewed');
    assert.ok(nextDue >= begun + DAY && nextDue <= clock.now() + DAY);
    clock.moveTo(first.notAfter - 12 * HOUR);
    await world.rollBack('shop');
    expectKind(await world.rollBack('shop'), 'renewed');
    assert.equal(world.show('shop').certificate.nextDue, first.notAfter - HOUR);
  });

  test('to the newest of several, and on to the one that was in use last', async (world) => {
    const [first, second, third] = await renewals(world, 3, 'keepOld: 2');
    assert.equal(expectKind(await world.rollBack('shop'), 'renewed').thumbprint, second);
    assert.equal(expectKind(await world.rollBack('shop'), 'renewed').thumbprint, third);
    assert.deepEqual(
      issuedOf(world, 'shop').map(({ thumbprint, status }) => [thumbprint, status]),
      [
        [first, 'previous'],
        [second, 'previous'],
        [third, 'active'],
      ],
    );
  });

  test('and renewing keeps the one that was gone back to, not the one that was left', async (world) => {
    const { server } = world;
    const [first = ''] = await renewals(world, 2);
    await world.rollBack('shop');
    const { thumbprint } = await runOne(world, 'renewed', { force });
    assert.deepEqual(statusesOf(world, 'shop'), ['previous', 'retired', 'active']);
    assert.deepEqual([...server.installed].sort(), [first, thumbprint].sort());
    assert.equal(expectKind(await world.rollBack('shop'), 'renewed').thumbprint, first);
  });

  test('abandons a renewal that waits for its next attempt', async (world) => {
    const { server, state } = world;
    const [first = ''] = await renewals(world, 2);
    server.trouble = notServed();
    await runOne(world, 'rolledBack', { force });
    server.trouble = () => {};
    const events = eventCount(state.store);
    assert.equal(expectKind(await world.rollBack('shop'), 'renewed').thumbprint, first);
    assert.deepEqual(eventTypes(state.store, 'shop', events), [
      'renewal.superseded',
      ...ROLLED_BACK,
      'certificate.retired',
    ]);
    assert.deepEqual(statusesOf(world, 'shop'), ['active', 'previous', 'retired']);
    assert.equal(world.show('shop').certificate.failures, 0);
    assert.deepEqual(endsOf(world, 'shop').slice(-2), ['renewal superseded', 'rollback renewed']);
  });
});

describe('going back is refused', () => {
  test('without a certificate before, or one that is kept', async (world) => {
    await refused(world, 'RENEWAL_UNKNOWN_CERTIFICATE');
    await world.apply(shop('keepOld: 0'));
    await refused(world, 'RENEWAL_NO_PREVIOUS');
    const [first = ''] = await renewals(world, 1, 'keepOld: 0');
    await refused(world, 'RENEWAL_NO_PREVIOUS');
    await runOne(world, 'renewed', { force });
    await refused(world, 'RENEWAL_NO_PREVIOUS');
    assert.ok(!world.server.installed.has(first));
  });

  test('when the one before has expired', async (world) => {
    const { clock } = world;
    await renewals(world, 2);
    clock.moveTo(issuedOf(world, 'shop')[0]?.notAfter ?? 0);
    await refused(world, 'RENEWAL_NO_PREVIOUS');
  });

  test('when the certificate is not declared any more', async (world) => {
    await renewals(world, 2);
    await world.apply('[]');
    await refused(world, 'RENEWAL_UNKNOWN_CERTIFICATE');
  });

  test('while bindings stand half-changed and cannot be looked at', async (world) => {
    const { server } = world;
    await renewals(world, 2);
    await halfChanged(world);
    world.unavailable = new EverbindError('IIS_NOT_INSTALLED', 'IIS is away for the test');
    await refused(world, 'RENEWAL_UNDER_WAY');
    assert.equal(world.show('shop').openStep, 'restoring');
    world.unavailable = null;
    server.trouble = () => {};
    expectKind(await world.rollBack('shop'), 'renewed');
  });
});

/** A third certificate is bound, is not served, and cannot be taken back. */
async function halfChanged(world: UseWorld): Promise<void> {
  world.server.trouble = (call, moment) => {
    failing('restore')(call, moment);
    return notServed()(call, moment);
  };
  await runOne(world, 'failed', { force });
  assert.equal(world.show('shop').openStep, 'restoring');
}

describe('going back while bindings stand half-changed', () => {
  test('restores them first', async (world) => {
    const [first = '', second = ''] = await renewals(world, 2);
    await halfChanged(world);
    world.server.trouble = () => {};
    assert.equal(expectKind(await world.rollBack('shop'), 'renewed').thumbprint, first);
    assert.deepEqual([...world.server.bound], [['shop:all', first]]);
    assert.deepEqual(endsOf(world, 'shop').slice(-2), ['renewal superseded', 'rollback renewed']);
    assert.ok(world.server.installed.has(second));
  });

  test('leads out also where they cannot be restored', async (world) => {
    const [first = ''] = await renewals(world, 2);
    await halfChanged(world);
    // The certificate of this renewal stays out of reach of visitors, the earlier one does not.
    const third = issuedOf(world, 'shop')[2]?.thumbprint;
    world.server.trouble = (call, moment) => {
      failing('restore')(call, moment);
      return call.thumbprint === third ? notServed()(call, moment) : undefined;
    };
    assert.equal(expectKind(await world.rollBack('shop'), 'renewed').thumbprint, first);
    assert.deepEqual(endsOf(world, 'shop').slice(-2), ['renewal rolledBack', 'rollback renewed']);
  });

  test('goes back from the new one where visitors get that by now', async (world) => {
    const [, second = ''] = await renewals(world, 2);
    await halfChanged(world);
    world.server.trouble = failing('restore');
    assert.equal(expectKind(await world.rollBack('shop'), 'renewed').thumbprint, second);
    assert.deepEqual(endsOf(world, 'shop').slice(-2), ['renewal renewed', 'rollback renewed']);
  });
});

describe('going back that fails', () => {
  interface Failure {
    readonly trouble: Trouble;
    readonly kind: 'failed' | 'rolledBack';
    readonly code: ErrorCode;
    readonly events: readonly string[];
    readonly end: string;
  }
  const given = ['renewal.attempt-failed', 'rollback.failed'];
  const failures: Readonly<Record<string, Failure>> = {
    'since it is not served': {
      trouble: notServed(),
      kind: 'rolledBack',
      code: 'RENEWAL_NOT_VERIFIED',
      events: [...BOUND, ...RESTORED],
      end: 'rollback rolledBack',
    },
    'since it is not bound': {
      trouble: failing('apply'),
      kind: 'rolledBack',
      code: 'WIN_CALL_FAILED',
      events: [...BOUND.slice(0, 2), ...RESTORED],
      end: 'rollback rolledBack',
    },
    'since it is not installed': {
      trouble: failing('install'),
      kind: 'failed',
      code: 'WIN_CALL_FAILED',
      events: given,
      end: 'rollback failed',
    },
    'since it cannot be planned': {
      trouble: failing('plan'),
      kind: 'failed',
      code: 'WIN_CALL_FAILED',
      events: ['certificate.installed', ...given],
      end: 'rollback failed',
    },
  };
  for (const [why, { trouble, kind, code, events, end }] of Object.entries(failures)) {
    test(`${why} leaves all as it was, and is not tried again by itself`, async (world) => {
      const { server, clock, state } = world;
      const [first = '', second = ''] = await renewals(world, 2);
      const { nextDue } = world.show('shop').certificate;
      server.trouble = trouble;
      const from = eventCount(state.store);
      const outcome = expectKind(await world.rollBack('shop'), kind);
      assert.equal(outcome.code, code);
      assert.deepEqual([...server.bound], [['shop:all', second]]);
      assert.deepEqual(statusesOf(world, 'shop'), ['previous', 'active']);
      assert.deepEqual(eventTypes(state.store, 'shop', from), ['rollback.started', ...events]);
      assert.equal(endsOf(world, 'shop').at(-1), end);
      // Due when the certificate is that goes on serving.
      assert.equal(outcome.nextAttempt, nextDue);
      assert.deepEqual(troubleOf(world.show('shop').certificate), { failures: 0, dueReason: 'lifetime', code });
      assert.equal(world.show('shop').openStep, null);
      assert.ok(nextDue > clock.now() + DAY);
      assert.equal((await world.renew()).worked, 0);
      // A person may.
      server.trouble = () => {};
      assert.equal(expectKind(await world.rollBack('shop'), 'renewed').thumbprint, first);
    });
  }

  test('and cannot be taken back is taken back by the next run, and not tried again then', async (world) => {
    const { server, clock, state } = world;
    const [, second = ''] = await renewals(world, 2);
    const { nextDue } = world.show('shop').certificate;
    server.trouble = (call, moment) => {
      failing('restore')(call, moment);
      return notServed()(call, moment);
    };
    const from = eventCount(state.store);
    const { code, nextAttempt } = expectKind(await world.rollBack('shop'), 'failed');
    assert.equal(code, 'RENEWAL_NOT_RESTORED');
    assert.equal(world.show('shop').openStep, 'restoring');
    assert.ok(nextAttempt <= clock.now() + HOUR);
    server.trouble = () => {};
    clock.moveTo(nextAttempt);
    const outcome = await runOne(world, 'rolledBack');
    assert.deepEqual([...server.bound], [['shop:all', second]]);
    assert.equal(outcome.nextAttempt, nextDue);
    assert.deepEqual(eventTypes(state.store, 'shop', from), [
      'rollback.started',
      ...BOUND,
      'verification.failed',
      'renewal.attempt-failed',
      'rollback.resumed',
      'bindings.restored',
    ]);
    assert.equal(endsOf(world, 'shop').at(-1), 'rollback rolledBack');
    assert.deepEqual(statusesOf(world, 'shop'), ['previous', 'active']);
    assert.equal((await world.renew()).worked, 0);
    const later = eventCount(state.store);
    await runOne(world, 'renewed', { force });
    assert.deepEqual(eventTypes(state.store, 'shop', later), [...RENEWED, 'certificate.retired']);
  });
});
