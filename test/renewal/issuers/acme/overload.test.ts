import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpRequest } from '../../../../src/ports/transport.ts';
import { renewed } from '../../support/obtain-judge.ts';
import { obtainSuite } from '../../support/obtain-suite.ts';
import { problemResponse, type World } from '../../support/obtain-world.ts';

const suite = obtainSuite({ alwaysValid: true });

const CERTIFICATES = 42;

const declare = (world: World, count: number): Promise<void> => {
  const names = Array.from({ length: count }, (_, index) => `c${index}`);
  const list = names.map((name) => `{ name: ${name}, names: [${name}.busy.test], deployments: [] }`);
  return world.apply(`[${list.join(', ')}]`, { top: 'engine: { concurrency: 64 }' });
};

/** Lets the CA bear so many requests to these URLs at a time; any more fail with 500, and nothing comes of them. */
function overloadedBeyond(world: World, most: number, isMeant: (request: HttpRequest) => boolean) {
  const count = { requests: 0, failures: 0, atOnce: 0 };
  let running = 0;
  world.meddle = async (request) => {
    if (!isMeant(request)) return null;
    count.requests += 1;
    running += 1;
    count.atOnce = Math.max(count.atOnce, running);
    if (running <= most) return null;
    count.failures += 1;
    await sleep(5);
    running -= 1;
    return problemResponse(500, 'serverInternal');
  };
  world.onResponse = async (request, response) => {
    if (!isMeant(request)) return response;
    await sleep(20);
    running -= 1;
    return response;
  };
  return count;
}

for (const [what, path] of [
  ['newOrder', '/order-plz'],
  ['finalize', '/finalize-order/'],
  ['reads of authorizations', '/authZ/'],
] as const) {
  suite.test(`42 certificates in one run at a CA that fails more than 3 of ${what} at a time`, async (world) => {
    await declare(world, CERTIFICATES);
    const count = overloadedBeyond(world, 3, ({ url }) => url.includes(path));
    const { outcomes } = await world.renew();
    console.log(`${what}: ${JSON.stringify(count)}, orders: ${world.orders.length}`);
    const bad = outcomes.filter(({ kind }) => kind !== 'renewed');
    assert.deepEqual(bad, []);
    assert.equal(outcomes.length, CERTIFICATES);
    assert.equal(world.orders.length, CERTIFICATES);
    assert.ok(count.failures > 0 && count.failures <= 12, `${count.failures} failures`);
    assert.ok(count.atOnce <= 8, `${count.atOnce} at once`);
  });
}

/** The CA makes the order and fails all the same, so many times. */
function failAfterMaking(world: World, times: number, lists: boolean): void {
  world.onResponse = (request, response) => {
    if (request.url.endsWith('/order-plz') && times > 0) {
      times -= 1;
      return problemResponse(500, 'serverInternal');
    }
    if (lists || !request.url.includes('/my-account/')) return response;
    const { orders: _, ...account } = JSON.parse(Buffer.from(response.body).toString()) as { orders: string };
    return { ...response, body: Buffer.from(JSON.stringify(account)) };
  };
}

suite.test('an order that the CA made although it failed is found in its list, and no other is made', async (world) => {
  await declare(world, 1);
  failAfterMaking(world, 1, true);
  await renewed(world);
  assert.equal(world.orders.length, 1);
});

suite.test('at a CA without such a list one order is left behind at most', async (world) => {
  await declare(world, 1);
  failAfterMaking(world, 1, false);
  await renewed(world);
  assert.equal(world.orders.length, 2);
});

suite.test('a CA without such a list that keeps failing gets newOrder twice in an attempt', async (world) => {
  await declare(world, 1);
  failAfterMaking(world, 10, false);
  const { outcomes } = await world.renew();
  assert.ok(outcomes[0]?.kind === 'failed' && outcomes[0].code === 'ACME_PROBLEM');
  assert.equal(world.orders.length, 2);
});

suite.test(
  'a short wait is waited for within the attempt: rate limits of ACME, newNonce, a busy server',
  async (world) => {
    const cases = [
      ['/order-plz', 429, 'rateLimited'],
      ['/nonce-plz', 429, 'rateLimited'],
      ['/order-plz', 503, 'serverInternal'],
      ['/dir', 503, 'serverInternal'],
    ] as const;
    for (const [index, [path, status, type]] of cases.entries()) {
      await declare(world, index + 1);
      let busy = 2;
      world.meddle = ({ url }) => {
        if (!url.endsWith(path) || busy === 0) return null;
        busy -= 1;
        return problemResponse(status, type, { 'retry-after': ['10'] });
      };
      const began = world.clock.now();
      await renewed(world);
      assert.equal(busy, 0, path);
      assert.ok(world.clock.now() - began >= 10_000, path);
    }
  },
);

suite.test('a wait within an attempt ends when the run is stopped', async (world) => {
  await declare(world, 1);
  const stop = new AbortController();
  let asked = 0;
  world.meddle = ({ url }) => {
    if (!url.endsWith('/order-plz')) return null;
    asked += 1;
    stop.abort(new Error('stopped'));
    return problemResponse(429, 'rateLimited', { 'retry-after': ['30'] });
  };
  await world.renew([], { signal: stop.signal }).catch(() => {});
  assert.equal(asked, 1);
});

suite.test('what a CA is told by a host holds back no other CA there', async (world) => {
  const { origin } = new URL(suite.front.ca.directoryUrl);
  const evil = `${origin}/evil`;
  const certificates = `[{ name: a, names: [a.evil.test], deployments: [], issuers: [evil] }, { name: b, names: [b.evil.test], deployments: [], issuers: [ca] }]`;
  await world.apply(certificates, {
    issuer: ` }, { name: evil, directory: "${evil}", termsOfServiceAgreed: true`,
    top: 'engine: { concurrency: 1 }',
  });
  world.meddle = ({ url }) =>
    url === evil ? { status: 429, headers: { 'retry-after': ['7200'] }, body: Buffer.of() } : null;
  const { outcomes } = await world.renew();
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['failed', 'renewed'],
  );
});
