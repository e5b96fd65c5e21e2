import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Pebble, startPebble } from '../../lab/pebble/server.ts';
import { EverbindError } from '../../src/errors/error.ts';
import type { HttpResponse } from '../../src/ports/transport.ts';
import { type Front, startFront } from './support/obtain-front.ts';
import { ends, failed, OBTAINED, renewed } from './support/obtain-judge.ts';
import { eventsOf, eventTypes, keyHandles, rowsOf } from './support/obtain-rows.ts';
import { tokenFolders, withWorld, type World } from './support/obtain-world.ts';
import { serveTokens } from './support/token-folder.ts';

// An order that an earlier attempt left, and that leads nowhere by now: another one is made in the same attempt.

const DAY = 86_400_000;
const one = '[{ name: shop, names: [shop.order.test], deployments: [] }]';

let pebble: Pebble;
let front: Front;
let stopTokens: () => Promise<void>;

before(async () => {
  pebble = await startPebble();
  front = await startFront([pebble]);
  stopTokens = await serveTokens(pebble.httpPort, () => [...tokenFolders]);
});
after(async () => {
  await stopTokens();
  await front.stop();
  await pebble.stop();
});

/** A world in which an attempt has stopped after the order was made, and whose next attempt is due. */
const test = (title: string, work: (world: World, order: string) => Promise<void>): void =>
  void it(title, () =>
    withWorld(front, async (world) => {
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

/** Renews, and asserts that the order of the journal was given up for the reason and another one was made. */
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
    await assertReplaced(world, /does not know it/);
  });

  test('that became invalid is replaced', async (world, order) => {
    await world.asAccount(async (client) => {
      const { authorizations } = (await client.getOrder(order)).order;
      for (const url of authorizations) await client.deactivateAuthorization(url);
    });
    await assertReplaced(world, /became invalid/);
  });

  test('that expired is replaced', async (world, order) => {
    const { expires } = (await world.asAccount((client) => client.getOrder(order))).order;
    assert.ok(expires !== null);
    world.clock.moveTo(expires);
    await assertReplaced(world, /expired/);
  });

  test('of another account is replaced: the CA has another address by now', async (world) => {
    await world.apply(one, { directoryUrl: pebble.directoryUrl });
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
      [{ directory: pebble.directoryUrl }],
    );
  });

  test('that the CA never finishes is waited for a day, then replaced', async (world) => {
    let finalized = false;
    world.onAnswer = ({ url }, answer) => {
      finalized ||= url.includes('/finalize-order/');
      return finalized && /\/(finalize|my)-order\//.test(url) ? processing(answer) : answer;
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
    world.onAnswer = ({ url }, answer) => (url === first ? processing(answer) : answer);
    await renewed(world);
    assert.equal(world.orders.length, 2);
    assert.deepEqual(ends(world, 'shop'), ['failed', 'renewed']);
    const [lost] = eventsOf(world.state.store, 'shop').filter(({ type }) => type === 'renewal.failed');
    assert.match(String(lost?.data['message']), /never finishes/);
  });
});

/** The same order, as if the CA were still at it; it would not expire for long. */
function processing(answer: HttpResponse): HttpResponse {
  const { certificate: _, ...order } = JSON.parse(Buffer.from(answer.body).toString()) as Record<string, unknown>;
  const { 'content-length': __, ...headers } = answer.headers;
  return {
    ...answer,
    headers,
    body: Buffer.from(JSON.stringify({ ...order, status: 'processing', expires: '2999-01-01T00:00:00Z' })),
  };
}

it('two certificates never share an order, whatever the CA answers', () =>
  withWorld(front, async (world) => {
    await world.apply(
      '[{ name: a, names: [same.order.test], deployments: [] }, { name: b, names: [same.order.test], deployments: [] }]',
      { top: 'engine: { concurrency: 1 }' },
    );
    let first: HttpResponse | null = null;
    // Boulder answers so while an order for the same names is pending.
    world.meddle = ({ url }) => (url.endsWith('/order-plz') ? first : null);
    world.onAnswer = ({ url }, answer) => {
      const { 'replay-nonce': _, ...headers } = answer.headers;
      if (url.endsWith('/order-plz')) first = { ...answer, headers };
      return answer;
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
