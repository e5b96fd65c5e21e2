import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { OtherNode } from '../../../lab/sim-windows/serving/other-nodes.ts';
import { createWorld, deployed, outcomes, sitesOf } from './fixture.ts';

// Bindings to addresses that the machine does not have: those of a cluster that another node holds now, removed ones,
// and IPv6 where there is none. A handshake over the network would show the certificate of another machine, or nothing.

const CLUSTER = '192.0.2.77';
const names = ['shop.everbind.test', 'cluster.everbind.test'];
const twoNodes = sitesOf({
  Shop: [['*:443:shop.everbind.test', 1]],
  Cluster: [[`${CLUSTER}:443:cluster.everbind.test`, 0]],
});

for (const answer of ['old-certificate', 'refuses', 'silence'] satisfies OtherNode['answer'][]) {
  test(`an address of a cluster that this machine does not have now is not probed: ${answer}`, async () => {
    await using world = await createWorld({
      applicationHostConfig: twoNodes,
      otherNodes: [{ address: CLUSTER, answer }],
    });
    const { material, checks } = await deployed(world, names, { probeTimeoutMs: 1000 });
    deepEqual(outcomes(checks), ['cluster.everbind.test not-checked address-absent', 'shop.everbind.test verified ok']);
    equal((await world.held())[`${CLUSTER}:443`], material.thumbprint, 'the record is renewed all the same');
  });
}

test('::1 is not probed where the machine has no IPv6', async () => {
  await using world = await createWorld({ applicationHostConfig: sitesOf({ Default: [['*:443:', 0]] }), ipv6: false });
  const [record] = await world.sim.host.sslRecords.enumerate();
  ok(record !== undefined);
  await world.sim.host.sslRecords.set({ ...record, key: { kind: 'ipport', address: '::', port: 443 } });
  const { checks } = await deployed(world, ['shop.everbind.test'], { sites: ['Default'] });
  deepEqual(
    checks.map(({ endpoint, outcome, code }) => [endpoint.replace(/:\d+$/, ''), outcome, code]),
    [
      ['127.0.0.1', 'verified', null],
      ['[::]', 'not-checked', 'address-absent'],
    ],
  );
});
