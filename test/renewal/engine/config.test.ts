import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe } from 'node:test';
import { EverbindError } from '../../../src/errors/error.ts';
import { listCertificates } from '../../../src/overview/list-certificates.ts';
import { readOverview } from '../../../src/overview/overview.ts';
import { coded } from '../../acme/support.ts';
import { readServer } from '../support/file-server.ts';
import { ends, failed, OBTAINED, renewed } from '../support/obtain-judge.ts';
import { eventCount, eventsOf, eventTypes, rowsOf, troubleOf } from '../support/obtain-rows.ts';
import { applyText } from '../support/obtain-state.ts';
import { obtainSuite } from '../support/obtain-suite.ts';
import { problemResponse, type World } from '../support/obtain-world.ts';

// The configuration is another one at the next attempt.

const suite = obtainSuite();
const { test } = suite;

const shop = (more = ''): string => `[{ name: shop, names: [shop.config.test], deployments: []${more} }]`;

/** An attempt stops after the order was made; it is left open. */
async function leaveOpen(world: World): Promise<{ readonly id: string; readonly nextAttempt: number }> {
  world.onPresent = () => {
    throw new EverbindError('CHALLENGE_PRESENT_FAILED', 'not now for the test');
  };
  const { nextAttempt } = await failed(world);
  world.onPresent = () => {};
  const { openStep, renewals } = world.show('shop');
  assert.equal(openStep, 'ordered');
  return { id: renewals[0]?.id ?? '', nextAttempt };
}

/** The change makes the certificate due at once; the open renewal is abandoned for a new one. */
async function assertSuperseded(world: World, id: string): Promise<void> {
  const { certificate } = world.show('shop');
  assert.ok(certificate.nextDue <= world.clock.now());
  assert.deepEqual([certificate.failures, certificate.dueReason], [0, 'changed']);
  const from = eventCount(world.state.store);
  await renewed(world);
  assert.deepEqual(ends(world, 'shop'), ['superseded', 'renewed']);
  assert.deepEqual(eventTypes(world.state.store, 'shop', from), [
    'renewal.superseded',
    ...OBTAINED,
    'renewal.committed',
    'key.destroyed',
  ]);
  const [superseded] = eventsOf(world.state.store, 'shop', from);
  assert.deepEqual(superseded?.data, { renewal: id, reason: 'configuration changed' });
  assert.equal(world.orders.length, 2);
  assert.deepEqual(troubleOf(world.show('shop').certificate), { failures: 0, dueReason: 'lifetime', code: null });
}

/** How the authorizations of the first order stand at the CA. */
function givenUp(world: World): Promise<readonly string[]> {
  return world.asAccount(async (client) => {
    const { order } = await client.getOrder(world.orders[0] ?? '');
    const found = await Promise.all(order.authorizations.map((url) => client.getAuthorization(url)));
    return found.map(({ authorization }) => authorization.status);
  });
}

describe('what a certificate is for changes while its renewal is open', () => {
  test('its names', async (world) => {
    await world.apply(shop());
    const { id } = await leaveOpen(world);
    await world.apply('[{ name: shop, names: [shop.config.test, new.config.test], deployments: [] }]');
    assert.deepEqual(eventTypes(world.state.store, 'shop').at(-1), 'certificate.changed');
    assert.deepEqual(await givenUp(world), ['pending']);
    await assertSuperseded(world, id);
    // What the earlier order waited for counts against no limit of the CA any more.
    assert.deepEqual(await givenUp(world), ['deactivated']);
    const { subjectAltName } = new X509Certificate(world.show('shop').issued[0]?.chain ?? '');
    assert.deepEqual(subjectAltName?.split(', ').sort(), ['DNS:new.config.test', 'DNS:shop.config.test']);
  });

  test('its names, and the CA cannot be told: the new order is made all the same', async (world) => {
    await world.apply(shop());
    const { id } = await leaveOpen(world);
    await world.apply('[{ name: shop, names: [shop.config.test, new.config.test], deployments: [] }]');
    const first = new URL(world.orders[0] ?? '').pathname;
    world.meddle = ({ url }) => (url.endsWith(first) ? problemResponse(500, 'serverInternal') : null);
    await assertSuperseded(world, id);
    assert.deepEqual(await givenUp(world), ['pending']);
  });

  test('the algorithm of its key', async (world) => {
    await world.apply(shop());
    const { id } = await leaveOpen(world);
    await world.apply(shop(', key: { algorithm: ec-p384 }'));
    await assertSuperseded(world, id);
    assert.equal(world.show('shop').issued[0]?.algorithm, 'ec-p384');
  });

  test('its CA', async (world) => {
    const declare = (issuer: string): Promise<void> =>
      applyText(
        world.state,
        world.clock,
        `version: 1\nissuers:\n${['ca', 'other'].map((name) => `  - { name: ${name}, directory: "${suite.front.ca.directoryUrl}", termsOfServiceAgreed: true }\n`).join('')}certificates: ${shop(`, issuers: [${issuer}]`)}\n`,
      );
    await declare('ca');
    const { id } = await leaveOpen(world);
    await declare('other');
    await assertSuperseded(world, id);
    assert.equal(world.show('shop').issued[0]?.issuer, 'other');
    assert.deepEqual(eventTypes(world.state.store, 'other'), ['account.started', 'account.registered']);
  });
});

describe('what does not touch the certificate changes', () => {
  test('while its renewal is open: that goes on, now, since the change may be the remedy', async (world) => {
    await world.apply(shop());
    const { id, nextAttempt } = await leaveOpen(world);
    await world.apply(shop(', keepOld: 3'));
    const { certificate } = world.show('shop');
    assert.ok(certificate.nextDue < nextAttempt);
    assert.deepEqual([certificate.failures, certificate.dueReason], [0, 'retry']);
    await renewed(world);
    assert.deepEqual(
      world.show('shop').renewals.map((renewal) => [renewal.id, renewal.outcome]),
      [[id, 'renewed']],
    );
    assert.equal(world.orders.length, 1);
    assert.ok(eventTypes(world.state.store, 'shop').includes('renewal.resumed'));
  });

  test('while it is in use: nothing is due', async (world) => {
    await world.apply(shop());
    await renewed(world);
    const { nextDue } = world.show('shop').certificate;
    await world.apply(shop(', keepOld: 3'));
    assert.equal(world.show('shop').certificate.nextDue, nextDue);
    assert.equal((await world.renew()).worked, 0);
    const changed = eventsOf(world.state.store, 'shop').at(-1);
    assert.equal(changed?.type, 'certificate.changed');
    assert.deepEqual(changed.data, { names: ['shop.config.test'], dueNow: false });
  });
});

describe('a certificate is removed from the configuration', () => {
  const other = '{ name: other, names: [other.config.test], deployments: [] }';

  test('and nothing of it is renewed any more, until it is declared again', async (world) => {
    await world.apply(`[{ name: shop, names: [shop.config.test], deployments: [] }, ${other}]`);
    await world.apply(`[${other}]`);
    const { outcomes, managed } = await world.renew([], { force: true });
    assert.equal(managed, 1);
    assert.deepEqual(
      outcomes.map(({ name, kind }) => [name, kind]),
      [['other', 'renewed']],
    );
    await assert.rejects(world.renew(['shop'], { force: true }), coded('RENEWAL_UNKNOWN_CERTIFICATE'));
    assert.deepEqual(eventTypes(world.state.store, 'shop'), ['certificate.declared', 'certificate.removed']);
    assert.deepEqual(
      [...listCertificates(world.state.store)].map(({ name }) => name),
      ['other'],
    );
    await world.apply(`[{ name: shop, names: [shop.config.test], deployments: [] }, ${other}]`);
    await renewed(world);
    assert.equal(world.show('shop').issued.length, 1);
    assert.equal(world.orders.length, 2);
  });

  test('while it is being obtained: that is abandoned, also at the CA', async (world) => {
    await world.apply(shop());
    const { id } = await leaveOpen(world);
    await world.apply('[]');
    const from = eventCount(world.state.store);
    assert.deepEqual(await world.renew(), { managed: 0, worked: 0, outcomes: [] });
    assert.deepEqual(await givenUp(world), ['deactivated']);
    assert.equal(world.orders.length, 1);
    assert.deepEqual(
      eventsOf(world.state.store, 'shop', from).map(({ type, data }) => ({ type, data })),
      [{ type: 'renewal.superseded', data: { renewal: id, reason: 'certificate removed' } }],
    );
    assert.deepEqual(
      rowsOf(world.state.store, 'SELECT outcome FROM renewal').map(({ outcome }) => outcome),
      ['superseded'],
    );
    assert.equal(world.state.store.read((db) => readOverview(db, world.clock.now())).interrupted, 0);
  });

  // What bindings are at must not stay unknown.
  for (const [step, at] of [
    ['planned', 'bindings.planned'],
    ['bound', 'bindings.changed'],
  ] as const) {
    test(`while it stands at ${step}: bindings are brought to their end, and nothing comes after it`, async (world) => {
      await world.apply('[{ name: shop, names: [shop.config.test] }]');
      const stop = new AbortController();
      world.onProgress = (event) => {
        if (event.step !== at) return;
        stop.abort(new Error('stopped for the test'));
        throw new Error('stopped for the test');
      };
      await assert.rejects(world.renew([], { signal: stop.signal }), /stopped for the test/);
      world.onProgress = () => {};
      assert.equal(world.show('shop').openStep, step);
      await world.apply('[]');
      const { outcomes, worked, managed } = await world.renew();
      assert.deepEqual({ managed, worked }, { managed: 0, worked: 1 });
      const [outcome] = outcomes;
      assert.ok(outcome?.kind === 'renewed', JSON.stringify(outcome));
      assert.equal(readServer(world.folder).bound['shop:443'], outcome.thumbprint);
      assert.deepEqual(eventTypes(world.state.store, 'shop'), [
        'certificate.declared',
        ...OBTAINED,
        'certificate.installed',
        'bindings.planned',
        ...(step === 'bound' ? ['bindings.changed'] : []),
        'certificate.removed',
        'renewal.resumed',
        ...(step === 'planned' ? ['bindings.changed'] : []),
        'renewal.committed',
      ]);
      assert.deepEqual(
        rowsOf(world.state.store, 'SELECT outcome FROM renewal').map((row) => row['outcome']),
        ['renewed'],
      );
      world.clock.moveTo(outcome.notAfter);
      assert.equal((await world.renew([], { force: true })).worked, 0);
      assert.equal(world.orders.length, 1);
    });
  }
});
