import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe } from 'node:test';
import { createIisDeployment } from '../../../src/deploy/iis/deployment.ts';
import { readOverview } from '../../../src/overview/overview.ts';
import { healthOf } from '../../../src/overview/certificate-health.ts';
import { certificatePage } from '../../../src/renewal/state/certificate-queries.ts';
import { tlsProbe } from '../../../src/verify/tls-probe.ts';
import { createWorld, outcomes, sitesOf, type World } from '../../deploy/iis/fixture.ts';
import { eventCount, eventsOf, eventTypes } from '../support/obtain-rows.ts';
import { BOUND, runOne } from '../support/use-judge.ts';
import { useSuite, type UseWorld } from '../support/use-world.ts';

// Whole renewals on a server that was out of order before they came.

const { test } = useSuite();

const SHOP = 'shop.before.test';
const sites = sitesOf({ Shop: [[`*:443:${SHOP}`, 1]] });
const certificates = `[{ name: shop, names: [${SHOP}], deployments: [{ type: iis }] }]`;
/** Nothing above TLS 1.1 is on. */
const tls = { noTls12: true, noTls13: true };

/** The engine's deployments go to this server. */
function deployTo({ sim }: World, world: UseWorld): void {
  world.server.deploymentFor = () =>
    createIisDeployment({
      host: sim.host,
      probe: tlsProbe,
      sites: null,
      adopt: true,
      store: 'WebHosting',
      adoptForeignAppIds: [],
      clock: world.clock,
      ownThumbprints: () => new Map(),
      visitorRoots: async () => [],
      probeTimeoutMs: 5000,
      patience: { pauseMs: 10, timeoutMs: 5000 },
    });
}

function healthAndVerdict({ state, clock }: UseWorld): readonly [string | undefined, boolean, readonly string[]] {
  return state.store.read((db) => {
    const now = clock.now();
    const [found] = certificatePage(db, '', 1);
    const { ok: good, unverified } = readOverview(db, now);
    return [found === undefined ? undefined : healthOf(found, { now, atWork: false }), good, unverified];
  });
}

describe('a server that failed every handshake before', () => {
  test('keeps the renewed certificate, and nobody calls that good', async (world) => {
    await using windows = await createWorld({ applicationHostConfig: sites, tls });
    deployTo(windows, world);
    await world.apply(certificates);
    const outcome = await runOne(world, 'renewed');
    deepEqual(outcomes(outcome.endpoints), [`${SHOP} failed-before VERIFY_HANDSHAKE_FAILED`]);
    equal((await windows.held())[`${SHOP}:443`], outcome.thumbprint);
    deepEqual(healthAndVerdict(world), ['unverified', false, ['shop']]);
    const [committed] = eventsOf(world.state.store, 'shop').filter(({ type }) => type === 'renewal.committed');
    match(JSON.stringify(committed?.data['endpoints']), /"outcome":"failed-before"/);
  });

  test('is judged by what it showed then also after a kill between the look and the change', async (world) => {
    await using windows = await createWorld({ applicationHostConfig: sites, tls });
    deployTo(windows, world);
    await world.apply(certificates);
    const { store } = world.state;
    const commit = store.commit.bind(store);
    let planned = false;
    // The commit is durable, and nothing after it happens in this run.
    store.commit = async (work, options) => {
      if (planned) throw new Error('killed');
      const result = await commit(
        ({ db, audit }) =>
          work({
            db,
            audit: (event) => {
              planned ||= event.type === 'bindings.planned';
              audit(event);
            },
          }),
        options,
      );
      if (planned) throw new Error('killed');
      return result;
    };
    const killed = await world.renew().catch((error: unknown) => String(error));
    ok(planned, JSON.stringify(killed));
    store.commit = commit;
    equal(eventTypes(store, 'shop').at(-1), 'bindings.planned');
    equal((await windows.held())[`${SHOP}:443`], windows.seeded.get(`${SHOP}:443`));
    const events = eventCount(store);
    const outcome = await runOne(world, 'renewed', { force: true });
    deepEqual(outcomes(outcome.endpoints), [`${SHOP} failed-before VERIFY_HANDSHAKE_FAILED`]);
    deepEqual(eventTypes(store, 'shop', events).slice(-2), [BOUND.at(-1), 'renewal.committed']);
    equal(world.orders.length, 1);
  });
});

describe('a server that works', () => {
  test('in a cluster is renewed though another node has its address, which nobody asks', async (world) => {
    const cluster = '192.0.2.77';
    await using windows = await createWorld({
      applicationHostConfig: sitesOf({
        Shop: [
          [`${cluster}:443:${SHOP}`, 1],
          [`*:8443:${SHOP}`, 1],
        ],
      }),
      otherNodes: [{ address: cluster, answer: 'old-certificate' }],
    });
    deployTo(windows, world);
    await world.apply(certificates);
    const { endpoints } = await runOne(world, 'renewed');
    deepEqual(outcomes(endpoints), [`${SHOP} not-checked address-absent`, `${SHOP} verified ok`]);
    deepEqual(healthAndVerdict(world), ['ok', true, []]);
  });

  test('and shows the certificate is verified; stopped, it is neither unverified nor served nowhere', async (world) => {
    await using windows = await createWorld({ applicationHostConfig: sites });
    deployTo(windows, world);
    await world.apply(certificates);
    deepEqual(outcomes((await runOne(world, 'renewed')).endpoints), [`${SHOP} verified ok`]);
    deepEqual(healthAndVerdict(world), ['ok', true, []]);
    await windows.sim.host.appcmd(['stop', 'site', 'Shop']);
    deepEqual(outcomes((await runOne(world, 'renewed', { force: true })).endpoints), [
      `${SHOP} not-checked site-stopped`,
    ]);
    deepEqual(healthAndVerdict(world), ['not-checked', true, []]);
  });

  test('shows another certificate at the address of another record, and is renewed all the same', async (world) => {
    const applicationHostConfig = sitesOf({ Shop: [[`*:443:${SHOP}`, 1]], Other: [['192.0.2.20:443:', 0]] });
    await using windows = await createWorld({ applicationHostConfig, choiceOrder: 'address-first' });
    deployTo(windows, world);
    await world.apply(certificates);
    const { endpoints } = await runOne(world, 'renewed');
    deepEqual(outcomes(endpoints), [`${SHOP} shadowed ip-record-beside-sni`, `${SHOP} verified ok`]);
    deepEqual(healthAndVerdict(world), ['ok', true, []]);
  });

  test('and stops working with the change is rolled back', async (world) => {
    await using windows = await createWorld({ applicationHostConfig: sites });
    deployTo(windows, world);
    await world.apply(certificates);
    const { deploymentFor } = world.server;
    world.server.deploymentFor = (config, certificate) => {
      const deployment = deploymentFor(config, certificate);
      return {
        ...deployment,
        apply: async (plan) => {
          await deployment.apply(plan);
          await windows.sim.faults.add({ kind: 'serve', host: SHOP, port: 443, how: 'reset' });
        },
        restore: async (plan) => {
          await windows.sim.faults.clear();
          return deployment.restore(plan);
        },
      };
    };
    const outcome = await runOne(world, 'rolledBack');
    deepEqual(outcomes(outcome.endpoints), [`${SHOP} failed VERIFY_HANDSHAKE_FAILED`]);
    deepEqual(outcomes(outcome.restored), [`${SHOP} verified ok`]);
    equal((await windows.held())[`${SHOP}:443`], windows.seeded.get(`${SHOP}:443`));
  });
});
