import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { EverbindError } from '../../../src/errors/error.ts';
import type { ErrorCode } from '../../../src/errors/table.ts';
import { listCertificates } from '../../../src/overview/list-certificates.ts';
import { readOverview } from '../../../src/overview/overview.ts';
import type { RenewalStep } from '../../../src/renewal/state/renewal-table.ts';
import { eventCount, eventsOf, eventTypes, rowsOf, troubleOf } from '../support/obtain-rows.ts';
import {
  assertWait,
  BOUND,
  callsOf,
  endsOf,
  expectKind,
  OBTAINED,
  RENEWED,
  RESTORED,
  runOne,
  statusesOf,
} from '../support/use-judge.ts';
import { failing, type Method, type Moment, notServed, type Trouble } from '../support/use-server.ts';
import { useSuite, type UseWorld } from '../support/use-world.ts';

// Whatever a deployment is asked to do fails in turn, before it has done anything and when it has done all of it.

const { test } = useSuite();

const two =
  '[{ name: shop, names: [shop.use.test], deployments: [{ type: iis, sites: [A] }, { type: iis, sites: [B] }] }]';
const force = true;

/** A certificate in use at A and B; its thumbprint. */
async function inUse(world: UseWorld): Promise<string> {
  await world.apply(two);
  return (await runOne(world, 'renewed')).thumbprint;
}

/** Visitors do not get the new certificate, and what they got cannot be put back. */
function stuck(...troubles: readonly Trouble[]): Trouble {
  return (call, moment) => {
    for (const trouble of [...troubles, notServed()]) {
      if (trouble(call, moment) === 'wrong') return 'wrong';
    }
    return undefined;
  };
}

interface Failure {
  readonly method: Method;
  readonly kind: 'failed' | 'rolledBack';
  /** Where the renewal stands then. */
  readonly step: RenewalStep;
  /** After the certificate was issued. */
  readonly events: readonly string[];
  /** Of the run that finishes it, before the commit. */
  readonly later: readonly string[];
}

const failures: readonly Failure[] = [
  {
    method: 'install',
    kind: 'failed',
    step: 'issued',
    events: ['renewal.attempt-failed'],
    later: ['renewal.resumed', ...BOUND],
  },
  {
    method: 'plan',
    kind: 'failed',
    step: 'installed',
    events: ['certificate.installed', 'renewal.attempt-failed'],
    later: ['renewal.resumed', ...BOUND.slice(1)],
  },
  {
    method: 'apply',
    kind: 'rolledBack',
    step: 'issued',
    events: [...BOUND.slice(0, 2), ...RESTORED],
    later: ['renewal.resumed', ...BOUND],
  },
  {
    method: 'verify',
    kind: 'rolledBack',
    step: 'issued',
    events: [...BOUND, ...RESTORED],
    later: ['renewal.resumed', ...BOUND],
  },
];

describe('a server that refuses', () => {
  for (const { method, kind, step, events, later } of failures) {
    for (const moment of ['before', 'after'] satisfies Moment[]) {
      for (const site of ['A', 'B']) {
        test(`${method} at ${site}, ${moment} it is done: the old one serves, the next run finishes`, async (world) => {
          const { server, clock, state } = world;
          const old = await inUse(world);
          const from = eventCount(state.store);
          const begun = clock.now();
          server.trouble = failing(method, moment, `shop:${site}`);
          const outcome = await runOne(world, kind, { force });
          assert.deepEqual([outcome.code, outcome.message], ['WIN_CALL_FAILED', 'refused for the test']);
          assertWait(outcome.nextAttempt, 1, [begun, clock.now()]);
          assert.deepEqual(Object.fromEntries(server.bound), { 'shop:A': old, 'shop:B': old });
          assert.deepEqual(eventTypes(state.store, 'shop', from), [...OBTAINED, ...events]);
          assert.deepEqual(statusesOf(world, 'shop'), ['active', 'pending']);
          const { openStep, certificate } = world.show('shop');
          assert.equal(openStep, step);
          assert.deepEqual(troubleOf(certificate), { failures: 1, dueReason: 'retry', code: 'WIN_CALL_FAILED' });
          assert.equal(certificate.nextDue, outcome.nextAttempt);

          server.trouble = () => {};
          clock.moveTo(outcome.nextAttempt);
          const next = eventCount(state.store);
          const { thumbprint } = await runOne(world, 'renewed');
          assert.deepEqual(Object.fromEntries(server.bound), { 'shop:A': thumbprint, 'shop:B': thumbprint });
          assert.equal(world.orders.length, 2);
          assert.deepEqual(eventTypes(state.store, 'shop', next), [...later, 'renewal.committed']);
          assert.deepEqual(statusesOf(world, 'shop'), ['previous', 'active']);
          assert.equal(world.show('shop').openStep, null);
          assert.deepEqual(troubleOf(world.show('shop').certificate), {
            failures: 0,
            dueReason: 'lifetime',
            code: null,
          });
        });
      }
    }
  }

  test('apply at the first place is not asked about the second', async (world) => {
    const { server } = world;
    await inUse(world);
    const calls = server.calls.length;
    server.trouble = failing('apply', 'before', 'shop:A');
    await runOne(world, 'rolledBack', { force });
    const made = callsOf(world, calls);
    assert.ok(!made.includes('apply shop:B') && !made.includes('verify shop:A'), made.join());
    assert.deepEqual(made.slice(-3), ['apply shop:A', 'restore shop:B', 'restore shop:A']);
  });

  test('with something that has no code is a defect, and stops nothing else', async (world) => {
    const { server, clock } = world;
    await inUse(world);
    server.trouble = failing('plan', 'before', '', () => new TypeError('nobody thought of it'));
    const outcome = await runOne(world, 'failed', { force });
    assert.deepEqual([outcome.code, outcome.message], ['INTERNAL', 'nobody thought of it']);
    assert.equal(world.show('shop').openStep, 'installed');
    server.trouble = () => {};
    clock.moveTo(outcome.nextAttempt);
    await runOne(world, 'renewed');
  });
});

describe('a server that cannot be put back', () => {
  for (const moment of ['before', 'after'] satisfies Moment[]) {
    test(`is told, and tried again until it is; restoring fails ${moment} it is done`, async (world) => {
      const { server, clock, state } = world;
      const old = await inUse(world);
      const from = eventCount(state.store);
      server.trouble = stuck(failing('restore', moment));
      let begun = clock.now();
      const first = await runOne(world, 'failed', { force });
      assert.equal(first.code, 'RENEWAL_NOT_RESTORED');
      assert.match(first.message, /refused for the test/);
      assert.ok(first.action.length > 0);
      assertWait(first.nextAttempt, 1, [begun, clock.now()]);
      assert.equal(world.show('shop').openStep, 'restoring');
      assert.equal(state.store.read((db) => readOverview(db, clock.now())).interrupted, 1);
      const ended = ['verification.failed', 'renewal.attempt-failed'];
      assert.deepEqual(eventTypes(state.store, 'shop', from), [...OBTAINED, ...BOUND, ...ended]);

      // As often as it takes. What has been verified to be wrong is not tried on visitors again.
      clock.moveTo(first.nextAttempt);
      begun = clock.now();
      const [next, calls] = [eventCount(state.store), server.calls.length];
      const second = await runOne(world, 'failed');
      assert.equal(second.code, 'RENEWAL_NOT_RESTORED');
      assertWait(second.nextAttempt, 4, [begun, clock.now()]);
      // It is only looked at, should visitors get the new one by now.
      const made = ['restore shop:B', 'restore shop:A', 'verify shop:A', 'verify shop:B'];
      assert.deepEqual(callsOf(world, calls), made);
      assert.deepEqual(eventTypes(state.store, 'shop', next), ['renewal.resumed', 'renewal.attempt-failed']);
      assert.deepEqual(statusesOf(world, 'shop'), ['active', 'pending']);

      server.trouble = () => {};
      clock.moveTo(second.nextAttempt);
      const later = eventCount(state.store);
      const third = await runOne(world, 'rolledBack');
      assert.equal(third.code, 'RENEWAL_NOT_VERIFIED');
      assert.deepEqual(
        third.restored.map(({ endpoint, outcome, servedThumbprint }) => ({ endpoint, outcome, servedThumbprint })),
        ['shop:B', 'shop:A'].map((endpoint) => ({ endpoint, outcome: 'verified', servedThumbprint: old })),
      );
      assert.deepEqual(Object.fromEntries(server.bound), { 'shop:A': old, 'shop:B': old });
      assert.deepEqual(eventTypes(state.store, 'shop', later), ['renewal.resumed', 'bindings.restored']);
      assert.equal(world.show('shop').openStep, 'issued');

      clock.moveTo(third.nextAttempt);
      await runOne(world, 'renewed');
      assert.equal(world.orders.length, 2);
      assert.deepEqual(statusesOf(world, 'shop'), ['previous', 'active']);
    });
  }

  test('at one place is put back at the others all the same', async (world) => {
    const { server } = world;
    const old = await inUse(world);
    server.trouble = stuck(failing('restore', 'before', 'shop:B'));
    const outcome = await runOne(world, 'failed', { force });
    assert.equal(outcome.code, 'RENEWAL_NOT_RESTORED');
    assert.equal(server.bound.get('shop:A'), old);
    assert.notEqual(server.bound.get('shop:B'), old);
  });

  test('since somebody else has changed it is skipped, and told', async (world) => {
    const { server, clock, state } = world;
    const old = await inUse(world);
    const foreign = (): Error => new EverbindError('IIS_RECORD_CHANGED_BY_OTHERS', 'B is not as we left it');
    server.trouble = stuck(failing('restore', 'before', 'shop:B', foreign));
    const from = eventCount(state.store);
    const outcome = await runOne(world, 'rolledBack', { force });
    assert.equal(outcome.code, 'RENEWAL_NOT_RESTORED');
    assert.match(outcome.message, /^B is not as we left it; before that: 2 of 2/);
    assert.deepEqual(
      outcome.restored.map(({ endpoint }) => endpoint),
      ['shop:A'],
    );
    assert.equal(server.bound.get('shop:A'), old);
    assert.equal(world.show('shop').openStep, 'issued');
    assert.deepEqual(eventTypes(state.store, 'shop', from), [...OBTAINED, ...BOUND, ...RESTORED]);
    assert.equal(eventsOf(state.store, 'shop').at(-1)?.data['code'], 'RENEWAL_NOT_RESTORED');
    server.trouble = () => {};
    clock.moveTo(outcome.nextAttempt);
    await runOne(world, 'renewed');
  });

  const beyond = [
    'IIS_RECORD_NOT_RESTORABLE',
    'IIS_SITE_UNKNOWN',
    'IIS_PLAN_INVALID',
  ] as const satisfies readonly ErrorCode[];
  for (const code of beyond) {
    test(`by anybody (${code}) keeps the new one there, and the next run binds the same certificate`, async (world) => {
      const { server, clock } = world;
      const old = await inUse(world);
      const lost = (): Error => new EverbindError(code, 'gone for good');
      server.trouble = stuck(failing('restore', 'before', 'shop:B', lost));
      const outcome = await runOne(world, 'rolledBack', { force });
      assert.equal(outcome.code, 'RENEWAL_NOT_RESTORED');
      assert.match(outcome.message, /^gone for good; before that: 2 of 2/);
      assert.equal(server.bound.get('shop:A'), old);
      assert.notEqual(server.bound.get('shop:B'), old);
      assert.equal(world.show('shop').openStep, 'issued');
      // It stays lost.
      server.trouble = failing('restore', 'before', 'shop:B', lost);
      clock.moveTo(outcome.nextAttempt);
      await runOne(world, 'renewed');
      assert.equal(world.orders.length, 2);
    });
  }

  test('is committed by the next run when visitors get the new one by then', async (world) => {
    const { server, clock, state } = world;
    const old = await inUse(world);
    server.trouble = stuck(failing('restore'));
    const { nextAttempt } = await runOne(world, 'failed', { force });
    server.trouble = failing('restore');
    clock.moveTo(nextAttempt);
    const from = eventCount(state.store);
    const { thumbprint } = await runOne(world, 'renewed');
    assert.notEqual(thumbprint, old);
    assert.deepEqual(eventTypes(state.store, 'shop', from), ['renewal.resumed', 'renewal.committed']);
    assert.deepEqual(statusesOf(world, 'shop'), ['previous', 'active']);
  });

  test('for about a day is left as it is: the next attempt asks for another certificate', async (world) => {
    const { server, clock } = world;
    await inUse(world);
    server.trouble = stuck(failing('restore'));
    const begun = clock.now();
    clock.moveTo((await runOne(world, 'failed', { force })).nextAttempt);
    for (let attempt = 2; attempt < 8; attempt += 1) clock.moveTo((await runOne(world, 'failed')).nextAttempt);
    assert.ok(clock.now() - begun > 15 * 3_600_000);
    const last = await runOne(world, 'rolledBack');
    assert.equal(last.code, 'RENEWAL_NOT_RESTORED');
    assert.equal(world.show('shop').openStep, null);
    assert.deepEqual(statusesOf(world, 'shop'), ['active', 'failed']);
    server.trouble = () => {};
    clock.moveTo(last.nextAttempt);
    const { thumbprint } = await runOne(world, 'renewed');
    assert.deepEqual(Object.fromEntries(server.bound), { 'shop:A': thumbprint, 'shop:B': thumbprint });
    assert.equal(world.orders.length, 3);
  });

  test('is left as it is at once when a person forces it by name', async (world) => {
    const { server } = world;
    await inUse(world);
    server.trouble = stuck(failing('restore'));
    await runOne(world, 'failed', { force });
    const [outcome] = (await world.renew(['shop'], { force })).outcomes;
    expectKind(outcome, 'rolledBack');
    assert.equal(world.show('shop').openStep, null);
    server.trouble = () => {};
    const [next] = (await world.renew(['shop'], { force })).outcomes;
    expectKind(next, 'renewed');
  });

  for (const code of ['IIS_NOT_INSTALLED', 'STORE_NEWER'] as const) {
    test(`since the deployment is gone (${code}) waits for it while it is declared, and no longer`, async (world) => {
      const { server, clock } = world;
      await inUse(world);
      server.trouble = stuck(failing('restore'));
      await runOne(world, 'failed', { force });
      server.trouble = () => {};
      world.unavailable = new EverbindError(code, 'away for the test');
      const waiting = await runOne(world, 'failed', { force });
      assert.equal(waiting.code, code);
      assert.equal(world.show('shop').openStep, 'restoring');
      await world.apply('[{ name: shop, names: [shop.use.test], deployments: [] }]');
      const outcome = expectKind((await world.renew()).outcomes[0], 'rolledBack');
      assert.match(outcome.message, /^away for the test/);
      clock.moveTo(outcome.nextAttempt);
      await runOne(world, 'renewed');
    });
  }

  const changes: Readonly<Record<string, string>> = {
    'is used elsewhere now': '[{ name: shop, names: [shop.use.test], deployments: [{ type: iis, sites: [C] }] }]',
    'has other names now': '[{ name: shop, names: [new.use.test], deployments: [{ type: iis, sites: [C] }] }]',
    'is not declared any more': '[]',
  };
  for (const [what, certificates] of Object.entries(changes)) {
    test(`is put back where it was changed, also when the certificate ${what}`, async (world) => {
      const { server, clock } = world;
      const old = await inUse(world);
      server.trouble = stuck(failing('restore'));
      await runOne(world, 'failed', { force });
      server.trouble = () => {};
      await world.apply(certificates);
      clock.advance(120_000);
      const calls = server.calls.length;
      const run = await world.renew();
      assert.equal(run.worked, 1);
      expectKind(run.outcomes[0], 'rolledBack');
      assert.deepEqual(callsOf(world, calls), ['restore shop:B', 'restore shop:A']);
      assert.deepEqual(Object.fromEntries(server.bound), { 'shop:A': old, 'shop:B': old });
    });
  }

  test('and is not declared any more: nothing is left to do once it is put back', async (world) => {
    const { server, clock, state } = world;
    await inUse(world);
    server.trouble = stuck(failing('restore'));
    await runOne(world, 'failed', { force });
    await world.apply('[]');
    server.trouble = () => {};
    expectKind((await world.renew()).outcomes[0], 'rolledBack');
    clock.advance(86_400_000);
    const from = eventCount(state.store);
    assert.deepEqual((await world.renew()).outcomes, []);
    assert.deepEqual(eventTypes(state.store, 'shop', from), ['renewal.superseded']);
    assert.deepEqual(rowsOf(state.store, 'SELECT id FROM renewal WHERE outcome IS NULL'), []);
    assert.deepEqual(await world.renew(), { managed: 0, worked: 0, outcomes: [] });
  });
});

describe('one certificate that cannot be put to use', () => {
  const names = ['a', 'b', 'broken', 'd', 'e'];
  const several = `[${names.map((name) => `{ name: ${name}, names: [${name}.use.test], deployments: [{ type: iis }] }`).join(', ')}]`;
  const troubles: Readonly<
    Record<string, { readonly trouble: Trouble; readonly code: ErrorCode; readonly kind: string }>
  > = {
    'is not installed': { trouble: failing('install', 'before', 'broken'), code: 'WIN_CALL_FAILED', kind: 'failed' },
    'is not planned': { trouble: failing('plan', 'before', 'broken'), code: 'WIN_CALL_FAILED', kind: 'failed' },
    'is not bound': { trouble: failing('apply', 'before', 'broken'), code: 'WIN_CALL_FAILED', kind: 'rolledBack' },
    'is not served': { trouble: notServed('broken'), code: 'RENEWAL_NOT_VERIFIED', kind: 'rolledBack' },
    'is not taken back': {
      trouble: (call, moment) => {
        failing('restore', 'before', 'broken')(call, moment);
        return notServed('broken')(call, moment);
      },
      code: 'RENEWAL_NOT_RESTORED',
      kind: 'failed',
    },
  };
  for (const [what, { trouble, code, kind }] of Object.entries(troubles)) {
    for (const concurrency of [1, 3]) {
      test(`and ${what} stops no other; ${concurrency} at a time`, async (world) => {
        const { server, state, clock } = world;
        await world.apply(several, `engine: { concurrency: ${concurrency} }`);
        server.trouble = trouble;
        const { outcomes, managed, worked } = await world.renew();
        assert.deepEqual({ managed, worked }, { managed: 5, worked: 5 });
        assert.deepEqual(
          Object.fromEntries(
            outcomes.map((outcome) => [outcome.name, [outcome.kind, 'code' in outcome ? outcome.code : null]]),
          ),
          Object.fromEntries(names.map((name) => [name, name === 'broken' ? [kind, code] : ['renewed', null]])),
        );
        const good = names.filter((name) => name !== 'broken');
        const served = Object.fromEntries(server.bound);
        for (const { name, active } of listCertificates(state.store)) {
          assert.equal(active?.thumbprint, name === 'broken' ? undefined : served[`${name}:all`]);
        }
        for (const name of good) {
          assert.deepEqual(eventTypes(state.store, name), ['certificate.declared', ...RENEWED]);
          assert.ok(served[`${name}:all`] !== undefined);
          assert.deepEqual(endsOf(world, name), ['renewal renewed']);
        }
        const { failing: failingNow, interrupted } = state.store.read((db) => readOverview(db, clock.now()));
        assert.deepEqual({ failingNow, interrupted }, { failingNow: 1, interrupted: 1 });
        // The next run is about that one alone.
        server.trouble = () => {};
        for (let run = 0; world.show('broken').openStep !== null && run < 2; run += 1) {
          clock.moveTo(world.show('broken').certificate.nextDue);
          assert.equal((await world.renew()).worked, 1);
        }
        assert.deepEqual(statusesOf(world, 'broken'), ['active']);
        assert.equal(world.orders.length, 5);
      });
    }
  }
});
