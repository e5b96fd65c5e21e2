import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { EverbindError } from '../../../../src/errors/error.ts';
import type { HttpResponse } from '../../../../src/ports/transport.ts';
import { ends, failed, OBTAINED, renewed } from '../../support/obtain-judge.ts';
import { eventsOf, eventTypes, keyHandles, rowsOf } from '../../support/obtain-rows.ts';
import { obtainSuite } from '../../support/obtain-suite.ts';
import { problemResponse, type World } from '../../support/obtain-world.ts';
import { presentedTokens } from '../../support/token-folder.ts';

// An order that an earlier attempt left, and that leads nowhere by now: another one is made in the same attempt.

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const one = '[{ name: shop, names: [shop.order.test], deployments: [] }]';

const SPOILT: Readonly<Record<string, (response: HttpResponse) => HttpResponse>> = {
  'half a body': withoutEnd,
  'a page': (response) => ({ ...response, headers: { ...response.headers, 'content-type': ['text/html'] } }),
};

function withoutEnd(response: HttpResponse): HttpResponse {
  return { ...response, body: response.body.subarray(0, response.body.length / 2) };
}

const suite = obtainSuite();

/** A world in which an attempt has stopped after the order was made, and whose next attempt is due. */
const test = (title: string, work: (world: World, order: string) => Promise<void>): void =>
  void it(title, () =>
    suite.withWorld(async (world) => {
      await world.apply(one);
      world.onPresent = () => {
        throw new EverbindError('CHALLENGE_PRESENT_FAILED', 'not now for the test');
      };
      const { nextAttempt } = await failed(world);
      world.onPresent = () => {};
      world.clock.moveTo(nextAttempt);
      const [order = ''] = world.orders;
      assert.equal(world.show('shop').openStep, 'ordered');
      await work(world, order);
    }),
  );

/** Renews, and asserts that the order of the journal was abandoned for the reason and another one was made. */
async function assertReplaced(world: World, reason: RegExp): Promise<void> {
  const [{ id } = { id: '' }] = world.show('shop').renewals;
  await renewed(world);
  assert.equal(world.orders.length, 2);
  assert.deepEqual(ends(world, 'shop'), ['failed', 'renewed']);
  assert.deepEqual(eventTypes(world.state.store, 'shop'), [
    'certificate.declared',
    ...OBTAINED.slice(0, 4),
    'renewal.attempt-failed',
    'renewal.resumed',
    'renewal.failed',
    ...OBTAINED,
    'renewal.committed',
    'key.destroyed',
  ]);
  const [lost] = eventsOf(world.state.store, 'shop').filter(({ type }) => type === 'renewal.failed');
  assert.equal(lost?.data['code'], 'RENEWAL_ORDER_LOST');
  assert.equal(lost?.data['renewal'], id);
  assert.match(String(lost?.data['message']), reason);
  const { certificate, renewals } = world.show('shop');
  assert.deepEqual([certificate.failures, certificate.dueReason], [0, 'lifetime']);
  assert.equal(renewals[0]?.orderUrl, world.orders[1]);
}

describe('an order of an earlier attempt', () => {
  test('that is still good is finished', async (world, order) => {
    await renewed(world);
    assert.deepEqual(world.orders, [order]);
    assert.deepEqual(ends(world, 'shop'), ['renewed']);
    assert.equal(keyHandles(world.state.store).length, 2);
  });

  test('that the CA does not know any more is replaced', async (world, order) => {
    await world.state.store.commit(
      ({ db }) => void db.prepare('UPDATE renewal SET order_url = ?').run(order.replace(/[^/]+$/, 'never-made')),
    );
    // A young one may only be unknown yet.
    world.clock.advance(HOUR);
    await assertReplaced(world, /does not know it/);
  });

  test('that became invalid is replaced', async (world, order) => {
    await world.asAccount(async (client) => {
      const { authorizations } = (await client.getOrder(order)).order;
      for (const url of authorizations) await client.deactivateAuthorization(url);
    });
    await assertReplaced(world, /became invalid/);
  });

  test("that has expired by our clock and not by the CA's is finished: one of them may be wrong", async (world, order) => {
    const { expires } = (await world.asAccount((client) => client.getOrder(order))).order;
    assert.ok(expires !== null);
    world.clock.moveTo(expires + 1);
    await renewed(world);
    assert.deepEqual(world.orders, [order]);
  });

  for (const path of ['/chalZ/', '/finalize-order/']) {
    test(`is finished when a request for ${path} came to the CA twice`, async (world, order) => {
      world.onResponse = async ({ url }, response) => {
        if (!url.includes(path) || response.status !== 200) return response;
        // The response to the second copy is the one that comes back; the client is told to ask again.
        world.onResponse = (_, later) => later;
        return problemResponse(400, 'badNonce', { 'replay-nonce': response.headers['replay-nonce'] ?? [] });
      };
      await renewed(world);
      assert.deepEqual(world.orders, [order]);
      assert.deepEqual(ends(world, 'shop'), ['renewed']);
    });
  }

  for (const [what, spoil] of Object.entries(SPOILT)) {
    for (const path of ['/order-plz', '/my-order/', '/authZ/', '/finalize-order/', '/certZ/']) {
      test(`whose CA responds with ${what} at ${path} is continued`, async (world, order) => {
        if (path === '/order-plz') {
          // From the beginning: the order whose response is spoilt is another one.
          await world.asAccount(async (client) => {
            const { authorizations } = (await client.getOrder(order)).order;
            for (const url of authorizations) await client.deactivateAuthorization(url);
          });
        }
        let spoilt = 0;
        world.onResponse = ({ url }, response) => {
          if (spoilt > 0 || !url.includes(path) || response.status >= 300) return response;
          spoilt += 1;
          return spoil(response);
        };
        const { nextAttempt } = await failed(world);
        assert.equal(spoilt, 1);
        const made = [...world.orders];
        world.clock.moveTo(nextAttempt);
        await renewed(world);
        assert.deepEqual(world.orders, made);
        assert.equal(ends(world, 'shop').at(-1), 'renewed');
      });
    }
  }

  test('whose line to the CA fails while it looks keeps its challenge responses until it has seen them', async (world, order) => {
    let asked = false;
    let polls = 0;
    let visible = 0;
    world.meddle = ({ url }) => {
      asked ||= url.includes('/chalZ/');
      if (!asked || !url.includes('/my-order/')) return null;
      polls += 1;
      // One more than are taken for a passing trouble.
      if (polls <= 6) throw new EverbindError('ACME_TRANSPORT', 'away for the test');
      visible = presentedTokens(join(world.folder, 'tokens')).length;
      return null;
    };
    const { code, nextAttempt } = await failed(world);
    assert.deepEqual([code, visible], ['ACME_TRANSPORT', 1]);
    assert.deepEqual(presentedTokens(join(world.folder, 'tokens')), []);
    world.clock.moveTo(nextAttempt);
    await renewed(world);
    assert.deepEqual(world.orders, [order]);
  });

  test('whose CA makes no sense for a day is replaced', async (world) => {
    world.onResponse = ({ url }, response) => (url.includes('/certZ/') ? withoutEnd(response) : response);
    let { nextAttempt } = await failed(world);
    assert.equal(world.show('shop').openStep, 'authorized');
    world.clock.advance(DAY);
    ({ nextAttempt } = await failed(world));
    assert.equal(world.show('shop').openStep, null);
    world.onResponse = (_, response) => response;
    world.clock.moveTo(nextAttempt);
    await renewed(world);
    assert.equal(world.orders.length, 2);
  });

  test('that is ready after a day only is kept all the same: the CA was not asked for the certificate before', async (world) => {
    world.clock.advance(2 * DAY);
    world.onResponse = ({ url }, response) => (url.includes('/certZ/') ? withoutEnd(response) : response);
    const { nextAttempt } = await failed(world);
    assert.equal(world.show('shop').openStep, 'authorized');
    world.onResponse = (_, response) => response;
    world.clock.moveTo(nextAttempt);
    await renewed(world);
    assert.equal(world.orders.length, 1);
  });

  test('of another account is replaced: the CA has another address by now', async (world) => {
    await world.apply(one, { directoryUrl: suite.pebble.directoryUrl });
    const types = eventTypes(world.state.store, 'ca');
    const [{ id } = { id: '' }] = world.show('shop').renewals;
    await renewed(world);
    assert.deepEqual(eventTypes(world.state.store, 'ca').slice(types.length), [
      'account.started',
      'account.registered',
    ]);
    assert.deepEqual(ends(world, 'shop'), ['failed', 'renewed']);
    const [lost] = eventsOf(world.state.store, 'shop').filter(({ type }) => type === 'renewal.failed');
    assert.deepEqual([lost?.data['code'], lost?.data['renewal']], ['RENEWAL_ORDER_LOST', id]);
    assert.match(String(lost?.data['message']), /another account/);
    // The certificate belongs to the account at the new address.
    assert.deepEqual(
      rowsOf(world.state.store, `SELECT a.directory FROM issued i JOIN account a ON a.url = i.account_url`),
      [{ directory: suite.pebble.directoryUrl }],
    );
  });

  test('that the CA never finishes is waited for a day, then replaced', async (world) => {
    let finalized = false;
    world.onResponse = ({ url }, response) => {
      finalized ||= url.includes('/finalize-order/');
      return finalized && /\/(finalize|my)-order\//.test(url) ? processing(response) : response;
    };
    const { code, nextAttempt } = await failed(world);
    assert.equal(code, 'ACME_WAIT_TIMEOUT');
    assert.equal(world.show('shop').openStep, 'authorized');
    world.clock.moveTo(nextAttempt);
    assert.equal((await failed(world)).code, 'ACME_WAIT_TIMEOUT');
    assert.equal(world.orders.length, 1);
    world.clock.advance(DAY);
    // The order of the next attempt is another one, and that one comes to its end.
    const [first = ''] = world.orders;
    world.onResponse = ({ url }, response) => (url === first ? processing(response) : response);
    await renewed(world);
    assert.equal(world.orders.length, 2);
    assert.deepEqual(ends(world, 'shop'), ['failed', 'renewed']);
    const [lost] = eventsOf(world.state.store, 'shop').filter(({ type }) => type === 'renewal.failed');
    assert.match(String(lost?.data['message']), /never finishes/);
  });
});

/** The same order, as if the CA were still at it. */
function processing(response: HttpResponse): HttpResponse {
  const { certificate: _, ...order } = JSON.parse(Buffer.from(response.body).toString()) as Record<string, unknown>;
  const { 'content-length': __, ...headers } = response.headers;
  return {
    ...response,
    headers,
    body: Buffer.from(JSON.stringify({ ...order, status: 'processing' })),
  };
}

it('two certificates never share an order, whatever the CA responds', () =>
  suite.withWorld(async (world) => {
    await world.apply(
      '[{ name: a, names: [same.order.test], deployments: [] }, { name: b, names: [same.order.test], deployments: [] }]',
      { top: 'engine: { concurrency: 1 }' },
    );
    let first: HttpResponse | null = null;
    // Boulder does so while an order for the same names is pending.
    world.meddle = ({ url }) => (url.endsWith('/order-plz') ? first : null);
    world.onResponse = ({ url }, response) => {
      const { 'replay-nonce': _, ...headers } = response.headers;
      if (url.endsWith('/order-plz')) first = { ...response, headers };
      return response;
    };
    world.onPresent = () => {
      throw new EverbindError('CHALLENGE_PRESENT_FAILED', 'not now for the test');
    };
    const { outcomes } = await world.renew();
    assert.deepEqual(
      outcomes.map((outcome) => [outcome.name, outcome.kind === 'failed' ? outcome.code : outcome.kind]),
      [
        ['a', 'CHALLENGE_PRESENT_FAILED'],
        ['b', 'RENEWAL_ORDER_SHARED'],
      ],
    );
    assert.deepEqual([world.show('a').openStep, world.show('b').openStep], ['ordered', null]);
    assert.deepEqual(ends(world, 'b'), ['failed']);
    assert.deepEqual(eventTypes(world.state.store, 'b'), [
      'certificate.declared',
      ...OBTAINED.slice(0, 3),
      'renewal.attempt-failed',
      'renewal.failed',
    ]);
    world.meddle = () => null;
    world.onPresent = () => {};
    world.clock.moveTo(Math.max(world.show('a').certificate.nextDue, world.show('b').certificate.nextDue));
    await renewed(world);
    assert.equal(world.orders.length, 2);
    assert.notEqual(world.show('a').issued[0]?.keyHandle, world.show('b').issued[0]?.keyHandle);
  }));
