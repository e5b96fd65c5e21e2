import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { scanBindings } from '../../src/agent/scan-bindings.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import { createWorld, sitesOf } from '../deploy/iis/fixture.ts';

test('a binding to an address that this machine does not have is no problem of this machine, and is not contacted', async () => {
  const applicationHostConfig = sitesOf({ Here: [['*:443:here.test', 1]], Cluster: [['192.0.2.77:443:', 0]] });
  await using world = await createWorld({
    applicationHostConfig,
    otherNodes: [{ address: '192.0.2.77', answer: 'old-certificate' }],
  });
  const environment = {
    clock: systemClock,
    random: systemRandom,
    signal: new AbortController().signal,
    openHost: async () => ({ host: world.sim.host, close: () => {} }),
  };
  const { rows } = await scanBindings(environment, { contact: true, onDone: () => {} });
  deepEqual(
    rows.map(({ site, served, problems, note }) => [site, served !== null, problems, note]),
    [
      ['Here', true, [], ''],
      ['Cluster', false, [], 'this machine does not have that address'],
    ],
  );
});
