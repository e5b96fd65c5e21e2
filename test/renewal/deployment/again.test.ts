import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { requestDeployment, setAriWindow } from '../../../src/renewal/state/certificate-table.ts';
import { eventCount, eventTypes, troubleOf } from '../support/obtain-rows.ts';
import { BOUND, callsOf, endsOf, expectKind, RESTORED, runOne, statusesOf } from '../support/use-judge.ts';
import { failing, notServed } from '../support/use-server.ts';
import { useSuite, type UseWorld } from '../support/use-world.ts';

// The certificate in use is deployed once more, without an order.

const DAY = 86_400_000;

const { test } = useSuite();

const shop = `[{ name: shop, names: [shop.again.test], deployments: [{ type: iis }] }]`;

async function deployed(world: UseWorld, certificates = shop): Promise<string> {
  await world.apply(certificates);
  return (await runOne(world, 'renewed')).thumbprint;
}

async function request(world: UseWorld): Promise<void> {
  const { id } = world.show('shop').certificate;
  await world.state.store.commit(({ db }) => requestDeployment(db, id, world.clock.now()));
}

const AGAIN = ['deployment.started', ...BOUND, 'deployment.committed'];

describe('a deployment that is asked for', () => {
  test('puts the certificate in use back, verified, with no order; all else stays as it was', async (world) => {
    const { server, state } = world;
    const thumbprint = await deployed(world);
    const { id } = world.show('shop').certificate;
    const selected = world.clock.now() + 30 * DAY;
    const window = { start: selected - DAY, end: selected + DAY, selected, explanationUrl: null };
    await state.store.commit(({ db }) => setAriWindow(db, id, window));
    server.bound.clear();
    await request(world);
    assert.equal(world.show('shop').certificate.dueReason, 'redeploy');
    const [preview] = await world.engine.dryRun({ names: [], force: false });
    assert.deepEqual([preview?.orders, preview?.plans.map(({ detail }) => detail)], [false, [thumbprint]]);
    const [events, calls] = [eventCount(state.store), server.calls.length];
    const outcome = await runOne(world, 'renewed');
    assert.deepEqual(
      [outcome.thumbprint, outcome.changes, outcome.nextDue, outcome.again],
      [thumbprint, 1, selected, true],
    );
    assert.deepEqual([...server.bound], [['shop:all', thumbprint]]);
    assert.deepEqual(
      callsOf(world, calls),
      ['install', 'plan', 'apply', 'verify'].map((method) => `${method} shop:all`),
    );
    assert.deepEqual(eventTypes(state.store, 'shop', events), AGAIN);
    assert.deepEqual(statusesOf(world, 'shop'), ['active']);
    assert.deepEqual(endsOf(world, 'shop'), ['renewal renewed', 'deployment renewed']);
    assert.equal(world.orders.length, 1);
    assert.equal((await world.renew()).worked, 0);
  });

  test('goes by the configuration that stands then', async (world) => {
    const { server } = world;
    const thumbprint = await deployed(world);
    await world.apply(shop.replace('{ type: iis }', '{ type: iis, sites: [Blog] }'));
    await request(world);
    await runOne(world, 'renewed');
    assert.equal(server.bound.get('shop:Blog'), thumbprint);
    await world.apply(shop.replace('{ type: iis }', ''));
    await request(world);
    const { endpoints } = await runOne(world, 'renewed');
    assert.deepEqual(endpoints, []);
    assert.equal((await world.renew()).worked, 0);
    assert.equal(world.orders.length, 1);
  });

  test('after a roll-back leaves the day that a person has to look into it', async (world) => {
    const { clock } = world;
    await deployed(world);
    await runOne(world, 'renewed', { force: true });
    clock.advance(70 * DAY);
    const { nextDue } = expectKind(await world.rollBack('shop'), 'renewed');
    clock.advance(DAY / 2);
    await request(world);
    assert.equal((await runOne(world, 'renewed')).nextDue, nextDue);
    assert.equal(world.orders.length, 2);
  });
});

describe('a new certificate comes instead', () => {
  test('when it is due anyway', async (world) => {
    await deployed(world);
    world.clock.advance(80 * DAY);
    await request(world);
    await runOne(world, 'renewed');
    assert.deepEqual(endsOf(world, 'shop'), ['renewal renewed', 'renewal renewed']);
    assert.equal(world.orders.length, 2);
  });

  test('when other names are wanted, also after a failure', async (world) => {
    await deployed(world);
    await world.apply(shop.replace('shop.again.test', 'other.again.test'));
    world.onRequest = () => {
      throw new Error('the CA is away');
    };
    await runOne(world, 'failed');
    await request(world);
    world.onRequest = () => {};
    await runOne(world, 'renewed');
    assert.deepEqual(endsOf(world, 'shop'), ['renewal renewed', 'renewal failed', 'renewal renewed']);
    assert.equal(world.orders.length, 2);
  });

  test('when its key is gone for good', async (world) => {
    await deployed(world);
    const [issued] = world.show('shop').issued;
    assert.ok(issued !== undefined);
    await world.state.keys.destroy(issued.keyHandle);
    await request(world);
    await runOne(world, 'renewed');
    assert.deepEqual(endsOf(world, 'shop'), ['renewal renewed', 'renewal renewed']);
  });

  test('when a person forces a renewal', async (world) => {
    await deployed(world);
    await request(world);
    await runOne(world, 'renewed', { force: true });
    assert.equal(world.orders.length, 2);
  });
});

describe('a deployment that fails', () => {
  test('is tried again by the backoff rule, without an order', async (world) => {
    const { server } = world;
    const thumbprint = await deployed(world);
    server.bound.clear();
    await request(world);
    server.trouble = failing('install');
    const { nextAttempt } = await runOne(world, 'failed');
    assert.equal(world.show('shop').certificate.dueReason, 'retry');
    server.trouble = () => {};
    world.clock.moveTo(nextAttempt);
    await runOne(world, 'renewed');
    assert.equal(server.bound.get('shop:all'), thumbprint);
    assert.deepEqual(endsOf(world, 'shop'), ['renewal renewed', 'deployment renewed']);
    assert.equal(world.orders.length, 1);
  });

  test('three times in a row is given up until the certificate is due; it stays active and counts as failing', async (world) => {
    const { server, state } = world;
    const thumbprint = await deployed(world);
    const { nextDue } = world.show('shop').certificate;
    await request(world);
    server.trouble = notServed();
    for (let time = 1; time <= 3; time += 1) {
      const events = eventCount(state.store);
      const { nextAttempt } = await runOne(world, 'rolledBack');
      assert.deepEqual(eventTypes(state.store, 'shop', events).slice(-2), RESTORED);
      assert.equal(nextAttempt === nextDue, time === 3);
      world.clock.moveTo(Math.min(nextAttempt, nextDue - DAY));
    }
    const { certificate } = world.show('shop');
    assert.deepEqual(troubleOf(certificate), { failures: 3, dueReason: 'lifetime', code: 'RENEWAL_NOT_VERIFIED' });
    assert.deepEqual(statusesOf(world, 'shop'), ['active']);
    assert.equal(world.show('shop').issued[0]?.thumbprint, thumbprint);
    assert.equal((await world.renew()).worked, 0);
    assert.equal(world.orders.length, 1);
  });
});

test('one that is asked for while another plan is under way comes right after it', async (world) => {
  const { server } = world;
  await deployed(world);
  await request(world);
  // Killed between plan and apply, as far as the journal knows.
  server.trouble = failing('apply', 'before', '', () => new Error('killed'));
  const restore = server.trouble;
  server.trouble = (call, moment) => {
    restore(call, moment);
    failing('restore', 'before')(call, moment);
  };
  await runOne(world, 'failed');
  server.trouble = () => {};
  await world.apply(shop.replace('{ type: iis }', '{ type: iis, sites: [Blog] }'));
  await request(world);
  const { outcomes } = await world.renew();
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['rolledBack'],
  );
  world.clock.advance(DAY / 4);
  await runOne(world, 'renewed');
  assert.ok(server.bound.has('shop:Blog'));
  assert.equal(world.orders.length, 1);
  assert.equal((await world.renew()).worked, 0);
});
