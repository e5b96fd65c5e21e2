import assert from 'node:assert/strict';
import { failed, renewed } from '../support/obtain-judge.ts';
import { rowsOf } from '../support/obtain-rows.ts';
import { obtainSuite } from '../support/obtain-suite.ts';
import type { World } from '../support/obtain-world.ts';

const HOUR = 3_600_000;

const suite = obtainSuite();
const { test } = suite;

const declare = (world: World, names: string, limits: string): Promise<void> =>
  world.apply(`[{ name: shop, names: [${names}], deployments: [] }]`, { issuer: `, limits: { ${limits} }` });

function spent(world: World): readonly string[] {
  return rowsOf(
    world.state.store,
    `SELECT kind, subject FROM bucket WHERE full_at > ${world.clock.now()} ORDER BY kind, subject`,
  ).map((row) => `${String(row['kind'])} ${String(row['subject'])}`.trim());
}

test('validations that fail are counted for each name that failed; once the limit is near, the next attempt waits for room', async (world) => {
  await declare(world, 'shop.failures.test, www.failures.test', 'failures: { count: 3, hours: 300 }');
  world.rightResponse = (name) => name !== 'www.failures.test';
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const { nextAttempt } = await failed(world);
    assert.deepEqual(spent(world), ['failures www.failures.test']);
    world.clock.moveTo(nextAttempt);
  }
  const { outcomes } = await world.renew();
  assert.deepEqual(outcomes, []);
  const { certificate } = world.show('shop');
  assert.equal(certificate.dueReason, 'rate-limit');
  assert.equal(certificate.failures, 2);
  assert.equal(certificate.lastError?.code, 'ACME_AUTHORIZATION_INVALID');
  assert.equal(world.orders.length, 2);
  world.rightResponse = () => true;
  world.clock.moveTo(certificate.nextDue);
  await renewed(world);
});

test('a certificate that did not come of it does not count as one; the order does', async (world) => {
  await declare(
    world,
    'shop.failures.test',
    'orders: { count: 9, hours: 900 }, certificatesPerDomain: { count: 9, hours: 900 }, certificatesPerSet: { count: 9, hours: 900 }',
  );
  world.rightResponse = () => false;
  await failed(world);
  assert.deepEqual(spent(world), ['orders']);
});

test('failures in a row are forgotten when a validation succeeds', async (world) => {
  await declare(world, 'shop.failures.test', 'consecutiveFailures: { count: 100, hours: 2400 }');
  world.rightResponse = () => false;
  const { nextAttempt } = await failed(world);
  assert.deepEqual(spent(world), ['consecutiveFailures shop.failures.test']);
  world.rightResponse = () => true;
  world.clock.moveTo(nextAttempt + HOUR);
  await renewed(world);
  assert.deepEqual(spent(world), []);
});
