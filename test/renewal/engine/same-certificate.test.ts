import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { noteOutage } from '../../../src/renewal/state/issuer-health.ts';
import { eventCount, eventTypes, rowsOf } from '../support/obtain-rows.ts';
import { applyText } from '../support/obtain-state.ts';
import { BOUND, endsOf, runOne } from '../support/use-judge.ts';
import { useSuite, type UseWorld } from '../support/use-world.ts';

// The configuration changes, and the certificate in use is the one that it wants: nothing is ordered.

const suite = useSuite();
const { test } = suite;

const shop = (deployments: string, more = ''): string =>
  `[{ name: shop, names: [shop.same.test], deployments: [${deployments}]${more} }]`;

describe('changed deployments', () => {
  test('have the certificate in use deployed there, verified and journaled, without an order', async (world) => {
    const { server, state } = world;
    await world.apply(shop('{ type: iis, sites: [Shop] }'));
    const { thumbprint } = await runOne(world, 'renewed');
    const due = world.show('shop').certificate.nextDue;
    const events = eventCount(state.store);
    await world.apply(shop('{ type: iis, sites: [Shop] }, { type: iis, sites: [Blog] }'));
    assert.equal(world.show('shop').certificate.dueReason, 'redeploy');
    const outcome = await runOne(world, 'renewed');
    assert.equal(outcome.thumbprint, thumbprint);
    assert.equal(server.bound.get('shop:Blog'), thumbprint);
    assert.equal(world.orders.length, 1);
    assert.deepEqual(endsOf(world, 'shop'), ['renewal renewed', 'deployment renewed']);
    assert.deepEqual(eventTypes(state.store, 'shop', events), [
      'certificate.changed',
      'deployment.started',
      ...BOUND,
      'deployment.committed',
    ]);
    assert.equal(world.show('shop').certificate.nextDue, due);
    assert.equal((await world.renew()).worked, 0);
  });

  test('are in a dry run, which names the certificate in use and no order', async (world) => {
    await world.apply(shop('{ type: iis, sites: [Shop] }'));
    const { thumbprint } = await runOne(world, 'renewed');
    await world.apply(shop('{ type: iis, sites: [Blog] }'));
    const [run] = await world.engine.dryRun({ names: [], force: false });
    assert.deepEqual([run?.name, run?.orders, run?.due.reason, run?.retired], ['shop', false, 'redeploy', []]);
    assert.equal(run?.plans.length, 1);
    const [forced] = await world.engine.dryRun({ names: ['shop'], force: true });
    assert.equal(forced?.orders, true);
    assert.match(thumbprint, /^[0-9a-f]{40}$/);
  });

  test('together with other names are what the new certificate is deployed to', async (world) => {
    await world.apply(shop('{ type: iis, sites: [Shop] }'));
    await runOne(world, 'renewed');
    await world.apply(shop('{ type: iis, sites: [Blog] }').replace('shop.same.test', 'new.same.test'));
    assert.equal(world.show('shop').certificate.dueReason, 'changed');
    const { thumbprint } = await runOne(world, 'renewed');
    assert.equal(world.server.bound.get('shop:Blog'), thumbprint);
    assert.equal(world.orders.length, 2);
  });

  test('of a certificate that fails are tried at once', async (world) => {
    await world.apply(shop('{ type: iis, sites: [Shop] }'));
    world.onRequest = () => {
      throw new Error('the CA is away');
    };
    await runOne(world, 'failed');
    world.onRequest = () => {};
    await world.apply(shop('{ type: iis, sites: [Blog] }'));
    const { thumbprint } = await runOne(world, 'renewed');
    assert.equal(world.server.bound.get('shop:Blog'), thumbprint);
  });
});

describe('an issuer that has another name now', () => {
  const declare = (world: UseWorld, issuers: readonly (readonly [name: string, more?: string])[], of: string) =>
    applyText(
      world.state,
      world.clock,
      `version: 1\nissuers:\n${issuers
        .map(
          ([name, more = '']) =>
            `  - { name: ${name}, directory: "${suite.pebble.directoryUrl}", termsOfServiceAgreed: true${more} }\n`,
        )
        .join('')}certificates: ${shop('{ type: iis }', `, issuers: [${of}]`)}\n`,
    );

  test('is the same: no order, the account and what is known of it stay', async (world) => {
    const { store } = world.state;
    await declare(world, [['ca']], 'ca');
    await runOne(world, 'renewed');
    const account = rowsOf(store, 'SELECT url, key_handle FROM account');
    await store.commit((transaction) =>
      noteOutage(transaction, 'ca', 'ACME_TIMEOUT', world.clock.now(), { uniform: 0.5, wish: 3_600_000 }),
    );
    const due = world.show('shop').certificate.nextDue;
    await declare(world, [['letsencrypt']], 'letsencrypt');
    assert.equal(world.show('shop').certificate.nextDue, due);
    assert.equal((await world.renew()).worked, 0);
    assert.deepEqual(rowsOf(store, 'SELECT url, key_handle FROM account'), account);
    assert.deepEqual(rowsOf(store, 'SELECT issuer, failures FROM issuer_health'), [
      { issuer: 'letsencrypt', failures: 1 },
    ]);
    assert.deepEqual(
      world.show('shop').issued.map(({ issuer }) => issuer),
      ['letsencrypt'],
    );
    assert.ok(eventTypes(store, 'letsencrypt').includes('issuer.renamed'));
    // By name: the issuer is closed for now.
    await runOne(world, 'renewed', { names: ['shop'], force: true });
    assert.deepEqual(rowsOf(store, 'SELECT issuer, url, key_handle FROM account'), [
      { issuer: 'letsencrypt', ...account[0] },
    ]);
  });

  test('is another one when its account is, when the old one is there still, and when two could be meant', async (world) => {
    const { store } = world.state;
    await declare(world, [['ca']], 'ca');
    await runOne(world, 'renewed');
    await declare(world, [['ca'], ['second']], 'second');
    assert.equal(world.show('shop').certificate.dueReason, 'changed');
    await runOne(world, 'renewed');
    assert.equal(world.orders.length, 2);
    // One of these two has the account of `second`, and nobody can tell which.
    await declare(world, [['one'], ['two']], 'one');
    assert.equal(world.show('shop').certificate.dueReason, 'changed');
    await runOne(world, 'renewed');
    const binding = ', externalAccountBinding: { keyId: other, hmacKey: "secret:other" }';
    await declare(world, [['three', binding], ['two']], 'three');
    assert.equal(world.show('shop').certificate.dueReason, 'changed');
    assert.ok(!eventTypes(store, 'three').includes('issuer.renamed'));
  });
});
