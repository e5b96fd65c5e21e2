import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { EverbindError } from '../../../../src/errors/error.ts';
import type { HttpRequest, HttpResponse } from '../../../../src/ports/transport.ts';
import { failed, renewed } from '../../support/obtain-judge.ts';
import { eventsOf, eventTypes } from '../../support/obtain-rows.ts';
import { obtainSuite } from '../../support/obtain-suite.ts';
import { problemResponse, type World } from '../../support/obtain-world.ts';

// The response to a new order is lost. The search for that order helps where it can, and holds nothing up where it
// cannot.

const { test } = obtainSuite({ alwaysValid: true });

const one = '[{ name: shop, names: [shop.lost.test], deployments: [] }]';
const LOST: HttpResponse = problemResponse(503, 'serverInternal');

const isList = ({ url }: HttpRequest): boolean => url.includes('/list-orderz/');

function json(body: string, status = 200): HttpResponse {
  return { status, headers: { 'content-type': ['application/json'] }, body: Buffer.from(body) };
}

function unreachable(): never {
  throw new EverbindError('NET_CONNECTION_FAILED', 'reset for the test');
}

/** Has the CA make an order whose response is lost. Returns its address. */
async function loseOrder(world: World): Promise<string> {
  await world.apply(one);
  world.onResponse = ({ url }, response) => (url.endsWith('/order-plz') ? unreachable() : response);
  const { nextAttempt } = await failed(world);
  world.onResponse = (_, response) => response;
  assert.equal(world.show('shop').openStep, 'order-requested');
  world.clock.moveTo(nextAttempt);
  const [order, ...others] = world.orders;
  assert.ok(order !== undefined);
  assert.deepEqual(others, []);
  return order;
}

describe('a list of orders that cannot be had', () => {
  const faults: Readonly<Record<string, () => HttpResponse>> = {
    'is a 500': () => problemResponse(500, 'serverInternal'),
    'is a 500 without a problem': () => ({ ...json('oops', 500), headers: { 'content-type': ['text/html'] } }),
    'is a 404': () => problemResponse(404, 'malformed'),
    'is refused': () => problemResponse(403, 'unauthorized'),
    'is limited': () => problemResponse(429, 'rateLimited', { 'retry-after': ['86400'] }),
    'is nonsense': () => json('{"orders": 7}'),
    'is no JSON': () => json('{"orders": ['),
    'has addresses of another kind': () => json('{"orders": ["ftp://elsewhere.test/"]}'),
    'ends the connection': unreachable,
  };
  for (const [what, answer] of Object.entries(faults)) {
    test(`since it ${what}: one order more, at the next attempt, and the log says why`, async (world) => {
      await loseOrder(world);
      world.meddle = (request) => (isList(request) ? answer() : null);
      await renewed(world);
      assert.equal(world.orders.length, 2);
      const [note, ...others] = eventsOf(world.state.store, 'shop').filter(
        ({ type }) => type === 'order.search-failed',
      );
      assert.deepEqual(others, []);
      assert.match(String(note?.data['code']), /^ACME_/);
      assert.equal(note?.data['issuer'], 'ca');
      assert.ok(eventTypes(world.state.store, 'shop').includes('order.created'));
    });
  }

  test('since the account is not shown, as at a CA that does not show accounts', async (world) => {
    await loseOrder(world);
    world.meddle = ({ url }) => (url.includes('/my-account/') ? problemResponse(405, 'malformed') : null);
    await renewed(world);
    assert.equal(world.orders.length, 2);
    assert.ok(eventTypes(world.state.store, 'shop').includes('order.search-failed'));
  });

  test('for a moment is asked for again in the same attempt', async (world) => {
    const order = await loseOrder(world);
    let asked = 0;
    world.meddle = (request) => (isList(request) && (asked += 1) < 3 ? LOST : null);
    await renewed(world);
    assert.equal(asked, 3);
    assert.deepEqual(world.orders, [order]);
    assert.ok(!eventTypes(world.state.store, 'shop').includes('order.search-failed'));
  });
});

describe('a list of orders in another form', () => {
  test('is the bare array that smallstep sends: the order is found', async (world) => {
    const order = await loseOrder(world);
    world.onResponse = (request, response) => {
      if (!isList(request)) return response;
      const { orders } = JSON.parse(Buffer.from(response.body).toString()) as { orders: unknown };
      return { ...response, body: Buffer.from(JSON.stringify(orders)) };
    };
    await renewed(world);
    assert.deepEqual(world.orders, [order]);
    assert.ok(eventTypes(world.state.store, 'shop').includes('order.recovered'));
  });

  test('names an order that is gone beside it: the order is found', async (world) => {
    const order = await loseOrder(world);
    world.onResponse = (request, response) =>
      isList(request)
        ? { ...response, body: Buffer.from(JSON.stringify({ orders: [`${order}-gone`, order] })) }
        : response;
    await renewed(world);
    assert.deepEqual(world.orders, [order]);
  });
});
