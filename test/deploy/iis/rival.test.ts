import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { createWorld, deployed, outcomes, sitesOf } from './fixture.ts';

// A record of one address beside records of names: on some versions of Windows it wins at that address.

const SHOP = 'shop.everbind.test';
const RIVAL = '192.0.2.20';
const beside = sitesOf({
  Shop: [[`*:443:${SHOP}`, 1]],
  Other: [[`${RIVAL}:443:`, 0]],
});

test('a record of one address that wins over the name is seen there, reported, and no reason to roll back', async () => {
  await using world = await createWorld({ applicationHostConfig: beside, choiceOrder: 'address-first' });
  const { material, plan, checks } = await deployed(world, [SHOP]);
  deepEqual(outcomes(checks), [`${SHOP} shadowed ip-record-beside-sni`, `${SHOP} verified ok`]);
  const shadowed = checks.find(({ outcome }) => outcome === 'shadowed');
  equal(shadowed?.servedThumbprint, world.seeded.get(`${RIVAL}:443`));
  equal((await world.held())[`${SHOP}:443`], material.thumbprint);
  ok((await world.deployment().restore(plan)).every(({ outcome }) => outcome === 'verified'));
});

test('a record of one address that does not win: the name is verified there too', async () => {
  await using world = await createWorld({ applicationHostConfig: beside, choiceOrder: 'host-first' });
  const { checks } = await deployed(world, [SHOP]);
  deepEqual(outcomes(checks), [`${SHOP} verified ok`, `${SHOP} verified ok`]);
});

test('a binding of the name to the very address of the other record is reported likewise', async () => {
  await using world = await createWorld({
    applicationHostConfig: sitesOf({ Shop: [[`${RIVAL}:443:${SHOP}`, 1]], Other: [[`${RIVAL}:443:`, 0]] }),
    choiceOrder: 'address-first',
  });
  const { plan, checks } = await deployed(world, [SHOP]);
  deepEqual(outcomes(checks), [`${SHOP} shadowed ip-record-beside-sni`]);
  ok((await world.deployment().restore(plan)).every(({ outcome }) => outcome === 'verified'));
});

test('a record of the very address at which a binding to every address is looked at rolls nothing back', async () => {
  await using world = await createWorld({
    applicationHostConfig: sitesOf({ Shop: [[`*:443:${SHOP}`, 1]], Other: [['127.0.0.1:443:', 0]] }),
    choiceOrder: 'address-first',
  });
  // The plan creates the record: before, the other one served as well.
  await world.sim.host.sslRecords.remove({ kind: 'hostnameport', host: SHOP, port: 443 });
  const { checks } = await deployed(world, [SHOP]);
  deepEqual(outcomes(checks), [`${SHOP} shadowed ip-record-beside-sni`, `${SHOP} shadowed ip-record-beside-sni`]);
});

test('nothing that happens at the address of the other record rolls back', async () => {
  for (const how of ['reset', 'wrong-certificate'] as const) {
    await using world = await createWorld({ applicationHostConfig: beside, choiceOrder: 'host-first' });
    await world.sim.faults.add({ kind: 'serve', host: SHOP, port: 443, how, address: RIVAL });
    const { checks } = await deployed(world, [SHOP]);
    deepEqual(outcomes(checks), [`${SHOP} shadowed ip-record-beside-sni`, `${SHOP} verified ok`], how);
  }
});

test('the address of another record is not asked when this machine does not have it', async () => {
  await using world = await createWorld({
    applicationHostConfig: beside,
    otherNodes: [{ address: RIVAL, answer: 'old-certificate' }],
  });
  const { checks } = await deployed(world, [SHOP]);
  deepEqual(outcomes(checks), [`${SHOP} verified ok`]);
});
