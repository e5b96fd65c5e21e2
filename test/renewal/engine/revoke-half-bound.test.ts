import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readServer } from '../support/file-server.ts';
import { ends, OBTAINED, renewed } from '../support/obtain-judge.ts';
import { eventCount, eventTypes, keyHandles } from '../support/obtain-rows.ts';
import { obtainSuite } from '../support/obtain-suite.ts';
import type { World } from '../support/obtain-world.ts';

// A run dies while bindings stand half-changed, and before the next one the certificate before, which has the same key,
// is revoked.

const suite = obtainSuite({ alwaysValid: true });

const BOUND = ['certificate.installed', 'bindings.planned', 'bindings.changed'];

/** Renews by force, and stops for good once this event is durable. */
async function dieAt(world: World, event: string): Promise<void> {
  const stop = new AbortController();
  world.onProgress = ({ step }) => {
    if (step !== event) return;
    stop.abort(new Error('stopped for the test'));
    throw new Error('stopped for the test');
  };
  await assert.rejects(world.renew([], { force: true, signal: stop.signal }), /stopped for the test/);
  world.onProgress = () => {};
}

describe('a key that is kept, revoked while bindings stand half-changed', () => {
  for (const [step, event] of [
    ['planned', 'bindings.planned'],
    ['bound', 'bindings.changed'],
  ] as const) {
    it(`at ${step}: bindings are brought to their end, and the same run gets a certificate with another key`, () =>
      suite.withWorld(async (world) => {
        await world.apply('[{ name: shop, names: [shop.half.test], keepOld: 0, key: { reuse: true } }]');
        await renewed(world);
        const old = world.show('shop').issued[0]?.keyHandle ?? '';
        await dieAt(world, event);
        const half = world.show('shop').issued.find(({ status }) => status === 'pending');
        assert.equal(half?.keyHandle, old);
        assert.equal(world.show('shop').openStep, step);
        await world.engine.revoke({ name: 'shop', reason: 1, byCertificateKey: false }, new AbortController().signal);
        const from = eventCount(world.state.store);
        const { outcomes } = await world.renew();
        const [outcome] = outcomes;
        assert.ok(outcomes.length === 1 && outcome?.kind === 'renewed', JSON.stringify(outcomes));
        const { issued, certificate } = world.show('shop');
        const active = issued.find(({ status }) => status === 'active');
        assert.notEqual(active?.keyHandle, old);
        assert.equal(active?.thumbprint, outcome.thumbprint);
        assert.equal(readServer(world.folder).bound['shop:443'], outcome.thumbprint);
        assert.equal(certificate.dueReason, 'lifetime');
        assert.deepEqual(ends(world, 'shop'), ['renewed', 'renewed', 'renewed']);
        assert.deepEqual(
          eventTypes(world.state.store, 'shop', from).filter((type) => type !== 'certificate.retired'),
          [
            'renewal.resumed',
            ...(step === 'planned' ? ['bindings.changed'] : []),
            'renewal.committed',
            ...OBTAINED,
            ...BOUND,
            'renewal.committed',
          ],
        );
        assert.ok(!keyHandles(world.state.store).includes(old));
      }));
  }
});
