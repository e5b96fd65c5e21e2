import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type Pebble, startPebble } from '../../../../lab/pebble/server.ts';
import type { Obstacle } from '../../../../src/renewal/issuers/acme/acme-ports.ts';
import type { Outcome } from '../../../../src/renewal/engine/outcome.ts';
import { ALL_DUE } from '../../../../src/renewal/engine/select.ts';
import { eventsOf } from '../../support/obtain-rows.ts';
import { settableClock } from '../../support/obtain-clock.ts';
import { withFolder } from '../../support/obtain-state.ts';
import { openEngine } from '../../support/state.ts';

// A look before an order is there to help: it holds nothing up when it fails, nor for good when it is mistaken.

let pebble: Pebble;
before(async () => {
  pebble = await startPebble({ alwaysValid: true });
});
after(() => pebble.stop());

interface World {
  /** Runs what is due at the time of the next attempt. */
  renew(): Promise<Outcome>;
  events(type: string): readonly unknown[];
}

async function withWorld(
  look: () => Promise<readonly Obstacle[]>,
  work: (world: World) => Promise<void>,
): Promise<void> {
  const { directoryUrl, listenerCaPem } = pebble;
  const ca = { directoryUrl, listenerCaPem, rootPem: await pebble.rootPem() };
  await withFolder(async (folder) => {
    const clock = settableClock();
    const { engine, state, apply, close } = await openEngine(folder, ca, { clock, ports: { preflight: look } });
    try {
      await apply('[{ name: shop, names: [shop.preflight.test], deployments: [] }]');
      await work({
        renew: async () => {
          const outcomes: Outcome[] = [];
          await engine.renew(ALL_DUE, (outcome) => outcomes.push(outcome), new AbortController().signal);
          const [outcome] = outcomes;
          assert.ok(outcome !== undefined);
          if ('nextAttempt' in outcome) clock.moveTo(outcome.nextAttempt);
          return outcome;
        },
        events: (type) => eventsOf(state.store, 'shop').filter((event) => event.type === type),
      });
    } finally {
      await close();
    }
  });
}

it('a look that is a defect is logged, and the order made', () =>
  withWorld(
    async () => {
      throw new TypeError('a defect for the test');
    },
    async (world) => {
      assert.equal((await world.renew()).kind, 'renewed');
      assert.equal(world.events('preflight.failed').length, 1);
    },
  ));

it('a look that says certainly no is believed three times, then the CA is asked', () =>
  withWorld(
    async () => [{ code: 'caa-forbids', name: 'shop.preflight.test', what: 'split DNS', certain: true }],
    async (world) => {
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const outcome = await world.renew();
        assert.equal(outcome.kind === 'failed' ? outcome.code : outcome.kind, 'RENEWAL_PREFLIGHT_FAILED');
      }
      assert.deepEqual(world.events('order.requested'), []);
      assert.equal((await world.renew()).kind, 'renewed');
      assert.equal(world.events('preflight.found').length, 4);
    },
  ));
