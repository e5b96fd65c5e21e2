import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { EverbindError } from '../../../src/errors/error.ts';
import type { HttpResponse } from '../../../src/ports/transport.ts';
import { acquireLease } from '../../../src/store/lease.ts';
import { coded } from '../../acme/support.ts';
import { ends, OBTAINED, renewed } from '../support/obtain-judge.ts';
import { eventTypes, rowsOf, troubleOf } from '../support/obtain-rows.ts';
import { obtainSuite } from '../support/obtain-suite.ts';
import { problemResponse, type World } from '../support/obtain-world.ts';
import { presentedTokens } from '../support/token-folder.ts';

// Two engines over one state folder, and an engine that is told to stop in the middle.

const suite = obtainSuite();
const { test } = suite;

const one = '[{ name: shop, names: [shop.lease.test], deployments: [] }]';

/**
 * Holds the requests to such a place until `open`, then has them answered; `reached` settles when the first one is
 * there.
 */
function holdAt(
  world: World,
  place: string,
  response: () => HttpResponse | null = () => null,
): { readonly reached: Promise<void>; open(): void } {
  const here = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  world.meddle = async ({ url }) => {
    if (!url.includes(place)) return null;
    here.resolve();
    await gate.promise;
    return response();
  };
  return { reached: here.promise, open: gate.resolve };
}

describe('two engines at once', () => {
  test('the second one is refused while the first one works, and finds nothing to do afterwards', async (first) => {
    const lease = await acquireLease(first.state.store, first.clock);
    await first.apply(one);
    const held = holdAt(first, '/finalize-order/');
    const run = first.renew([], { signal: lease.lost });
    await held.reached;
    await suite.withWorldAt(first.folder, async (second) => {
      await assert.rejects(acquireLease(second.state.store, second.clock), (error) => {
        assert.ok(error instanceof EverbindError);
        assert.equal(error.code, 'STORE_LEASE_HELD');
        assert.equal(error.details['pid'], process.pid);
        return true;
      });
      held.open();
      const { outcomes } = await run;
      assert.deepEqual(
        outcomes.map(({ kind }) => kind),
        ['renewed'],
      );
      await lease.release();
      const next = await acquireLease(second.state.store, second.clock);
      assert.ok(next.token > lease.token);
      assert.equal((await second.renew([], { signal: next.lost })).worked, 0);
      await next.release();
      assert.deepEqual(eventTypes(second.state.store, 'shop'), [
        'certificate.declared',
        ...OBTAINED,
        'renewal.committed',
      ]);
      assert.deepEqual([first.orders.length, second.orders.length], [1, 0]);
    });
  });

  test('one that lost the lease cannot write any more; the other one finishes its order', async (first) => {
    const lease = await acquireLease(first.state.store, first.clock);
    await first.apply(one);
    const held = holdAt(first, '/finalize-order/');
    const run = first.renew([], { signal: lease.lost });
    await held.reached;
    await suite.withWorldAt(first.folder, async (second) => {
      // The first one has not prolonged it for longer than it lasts: it hangs.
      second.clock.advance(60_000);
      const taken = await acquireLease(second.state.store, second.clock);
      await renewed(second);
      held.open();
      await assert.rejects(run, coded('STORE_LEASE_LOST'));
      assert.ok(lease.lost.aborted);
      await lease.release();
      assert.deepEqual([first.orders.length, second.orders.length], [1, 0]);
      assert.deepEqual(ends(second, 'shop'), ['renewed']);
      assert.equal(second.show('shop').issued.length, 1);
      assert.deepEqual(eventTypes(second.state.store, 'shop'), [
        'certificate.declared',
        ...OBTAINED.slice(0, 5),
        'renewal.resumed',
        'certificate.issued',
        'renewal.committed',
      ]);
      assert.deepEqual(troubleOf(second.show('shop').certificate), { failures: 0, dueReason: 'lifetime', code: null });
      await taken.release();
    });
  });
});

describe('an engine that lost the lease', () => {
  test('keeps the challenge responses that the other one has presented again', async (first) => {
    const lease = await acquireLease(first.state.store, first.clock);
    await first.apply(one);
    const firstHeld = holdAt(first, '/chalZ/', () => problemResponse(400, 'malformed'));
    const run = first.renew([], { signal: lease.lost });
    await firstHeld.reached;
    await suite.withWorldAt(first.folder, async (second) => {
      second.clock.advance(60_000);
      const taken = await acquireLease(second.state.store, second.clock);
      const secondHeld = holdAt(second, '/chalZ/');
      const other = renewed(second);
      await secondHeld.reached;
      const tokens = presentedTokens(`${first.folder}/tokens`);
      assert.equal(tokens.length, 1);
      // The first one comes to itself, and to the end of its authorizations.
      firstHeld.open();
      await assert.rejects(run, coded('STORE_LEASE_LOST'));
      assert.deepEqual(presentedTokens(`${first.folder}/tokens`), tokens);
      secondHeld.open();
      await other;
      assert.deepEqual(presentedTokens(`${first.folder}/tokens`), []);
      await lease.release();
      await taken.release();
    });
  });
});

describe('a run that is told to stop', () => {
  /** Stops when the program asks at such a place, before or after the CA has responded. */
  for (const when of ['before', 'after'] as const) {
    for (const place of [
      '/sign-me-up',
      '/order-plz',
      '/authZ/',
      '/chalZ/',
      '/my-order/',
      '/finalize-order/',
      '/certZ/',
    ]) {
      test(`${when} the response of ${place}: the next one goes on, with the same order`, async (world) => {
        await world.apply(one);
        const stop = new AbortController();
        const reason = new EverbindError('CLI_INTERRUPTED', 'stopped for the test');
        world.meddle = ({ url }) => {
          if (when === 'before' && url.includes(place)) stop.abort(reason);
          return null;
        };
        world.onResponse = ({ url }, response) => {
          // Once: while the CA still looks, the stopped run goes on to ask how the order stands.
          if (when === 'before' || !url.includes(place) || stop.signal.aborted) return response;
          stop.abort(reason);
          throw reason;
        };
        await assert.rejects(world.renew([], { signal: stop.signal }), coded('CLI_INTERRUPTED'));
        world.meddle = () => null;
        world.onResponse = (_, response) => response;
        // Stopping is no failure: it is due still, and nothing is counted.
        assert.deepEqual(troubleOf(world.show('shop').certificate), { failures: 0, dueReason: 'new', code: null });
        assert.deepEqual(ends(world, 'shop'), [null]);
        await renewed(world);
        assert.equal(world.orders.length, 1);
        assert.deepEqual(ends(world, 'shop'), ['renewed']);
        const types = eventTypes(world.state.store, 'shop');
        assert.ok(!types.includes('renewal.attempt-failed'), types.join());
        for (const type of [
          'renewal.started',
          'renewal.resumed',
          'key.generated',
          'certificate.issued',
          'renewal.committed',
        ]) {
          assert.equal(types.filter((seen) => seen === type).length, 1, `${type} in ${types.join()}`);
        }
        assert.deepEqual(eventTypes(world.state.store, 'ca'), ['account.started', 'account.registered']);
        assert.deepEqual(rowsOf(world.state.store, 'SELECT * FROM challenge_response'), []);
      });
    }
  }

  test('takes up no further certificate', async (world) => {
    const names = ['a', 'b', 'c', 'd'];
    await world.apply(
      `[${names.map((name) => `{ name: ${name}, names: [${name}.lease.test], deployments: [] }`).join(', ')}]`,
      {
        top: 'engine: { concurrency: 1 }',
      },
    );
    const stop = new AbortController();
    const finished: string[] = [];
    await assert.rejects(
      world.engine.renew(
        { names: [], force: false },
        ({ name }) => {
          finished.push(name);
          if (name === 'b') stop.abort(new EverbindError('CLI_INTERRUPTED', 'stopped for the test'));
        },
        stop.signal,
      ),
      coded('CLI_INTERRUPTED'),
    );
    assert.deepEqual(finished, ['a', 'b']);
    assert.deepEqual(
      ['c', 'd'].map((name) => eventTypes(world.state.store, name)),
      [['certificate.declared'], ['certificate.declared']],
    );
    await renewed(world);
    assert.equal(world.orders.length, 4);
  });
});
