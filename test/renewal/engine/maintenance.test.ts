import assert from 'node:assert/strict';
import { failed, renewed } from '../support/obtain-judge.ts';
import { eventTypes } from '../support/obtain-rows.ts';
import { obtainSuite } from '../support/obtain-suite.ts';
import { problemResponse } from '../support/obtain-world.ts';

const suite = obtainSuite();
const { test } = suite;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const nightly =
  '[{ name: shop, names: [shop.maintenance.test], deployments: [], maintenance: { timeZone: UTC, windows: ["* 22:00-23:00"] } }]';

/** The hour of the day, UTC. */
function hourOf(at: number): number {
  return new Date(at).getUTCHours();
}

/** The next noon, UTC. */
function noonAfter(at: number): number {
  return Math.floor(at / DAY) * DAY + 1.5 * DAY;
}

test('the first certificate is got at once, its renewal waits for the window', async (world) => {
  await world.apply(nightly);
  await renewed(world);
  const { nextDue } = world.show('shop').certificate;
  assert.equal(hourOf(nextDue), 22);
  // The machine was off at night; the next run is at noon.
  world.clock.moveTo(noonAfter(nextDue));
  assert.deepEqual((await world.renew()).outcomes, []);
  const deferred = world.show('shop').certificate;
  assert.equal(hourOf(deferred.nextDue), 22);
  assert.equal(deferred.dueReason, 'maintenance');
  assert.ok(deferred.nextDue > world.clock.now() && deferred.nextDue < world.clock.now() + DAY);
  assert.equal(eventTypes(world.state.store).filter((type) => type === 'renewal.deferred').length, 1);
  world.clock.moveTo(deferred.nextDue);
  await renewed(world);
});

test('a person does not wait', async (world) => {
  await world.apply(nightly);
  await renewed(world);
  world.clock.moveTo(noonAfter(world.show('shop').certificate.nextDue));
  const { outcomes } = await world.renew(['shop'], { force: true });
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['renewed'],
  );
});

test('expiry does not wait either', async (world) => {
  await world.apply(nightly);
  await renewed(world);
  const [active] = world.show('shop').issued;
  assert.ok(active !== undefined);
  // Two hours before it expires the next window is too late.
  world.clock.moveTo(active.notAfter - 2 * HOUR);
  await renewed(world);
});

test('nor does a revoked one whose first attempt to be replaced has failed', async (world) => {
  await world.apply(nightly);
  await renewed(world);
  world.clock.moveTo(noonAfter(world.clock.now()));
  const request = { name: 'shop', reason: null, byCertificateKey: false };
  await world.engine.revoke(request, new AbortController().signal);
  world.meddle = ({ url }) => (url.endsWith('/order-plz') ? problemResponse(500, 'serverInternal') : null);
  const { nextAttempt } = await failed(world);
  world.meddle = () => null;
  world.clock.moveTo(nextAttempt);
  assert.notEqual(hourOf(nextAttempt), 22);
  await renewed(world);
});
