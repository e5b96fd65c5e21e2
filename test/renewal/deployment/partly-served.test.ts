import { deepEqual, equal, match } from 'node:assert/strict';
import { describe } from 'node:test';
import { createIisDeployment } from '../../../src/deploy/iis/deployment.ts';
import { healthOf } from '../../../src/overview/certificate-health.ts';
import { readOverview } from '../../../src/overview/overview.ts';
import { certificatePage } from '../../../src/renewal/state/certificate-queries.ts';
import { tlsProbe } from '../../../src/verify/tls-probe.ts';
import { createWorld, outcomes, sitesOf, type World } from '../../deploy/iis/fixture.ts';
import { runOne } from '../support/use-judge.ts';
import { useSuite, type UseWorld } from '../support/use-world.ts';

// Whole renewals of a certificate that not every declared binding gets.

const { test } = useSuite();

const WWW = 'www.partly.test';
const ONLY = 'only.partly.test';
const certificates = `[{ name: shop, names: [${WWW}, ${ONLY}], deployments: [{ type: iis, sites: [New], adopt: true }] }]`;
const bindings = sitesOf({
  Old: [[`127.0.0.1:443:${WWW}`, 1]],
  New: [
    [`*:443:${WWW}`, 1],
    [`*:443:${ONLY}`, 1],
  ],
});

function deployTo({ sim }: World, world: UseWorld): void {
  world.server.deploymentFor = () =>
    createIisDeployment({
      host: sim.host,
      probe: tlsProbe,
      sites: ['New'],
      adopt: true,
      store: 'WebHosting',
      adoptForeignAppIds: [],
      clock: world.clock,
      ownThumbprints: () => new Map(),
      visitorRoots: async () => [],
      patience: { pauseMs: 10, timeoutMs: 5000 },
    });
}

function judged({ state, clock }: UseWorld): readonly [string | undefined, boolean, readonly unknown[]] {
  return state.store.read((db) => {
    const [found] = certificatePage(db, '', 1);
    const { ok, partlyServed } = readOverview(db, clock.now());
    return [found === undefined ? undefined : healthOf(found, { now: clock.now(), atWork: false }), ok, partlyServed];
  });
}

describe('a binding of a declared site that another site has too', () => {
  test('is named by the read model as long as visitors get another certificate there', async (world) => {
    await using windows = await createWorld({ applicationHostConfig: bindings });
    deployTo(windows, world);
    await world.apply(certificates);
    const outcome = await runOne(world, 'renewed');
    deepEqual(outcomes(outcome.endpoints), [`${ONLY} verified ok`]);
    deepEqual(
      outcome.skipped.map(({ code }) => code),
      ['shared-record'],
    );
    const places = [`http.sys record ${WWW}:443`];
    deepEqual(judged(world), ['partly-served', false, [{ name: 'shop', places }]]);

    await windows.sim.host.appcmd(['stop', 'site', 'Old']);
    await runOne(world, 'renewed', { force: true });
    deepEqual(judged(world), ['ok', true, []]);
    equal(outcome.inUse, true);
    const held = await windows.held();
    equal(held[`${WWW}:443`], held[`${ONLY}:443`]);
    match(held[`${WWW}:443`] ?? '', /^[0-9a-f]{40}$/);
  });
});
