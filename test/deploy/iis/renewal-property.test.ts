import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { pkcs8Of } from '../../../lab/test-ca.ts';
import { createWorld, deployed, outcomes, sitesOf, type World } from './fixture.ts';

// Windows serves a renewed certificate where the record still has the old one's hash (CERT_RENEWAL_PROP_ID).

const SHOP = 'shop.everbind.test';
const record = `${SHOP}:443`;

/** Another program renews the certificate of the record; the thumbprint of what it made. */
async function renewedByOthers({ sim, ca, seeded }: World): Promise<string> {
  const certificate = seeded.get(record) ?? '';
  const [held] = await sim.host.sslRecords.enumerate();
  // No store is MY.
  const store = held?.certificateStore ?? 'MY';
  ok(store === 'MY' || store === 'WebHosting');
  const issued = await ca.issue({ names: [SHOP], notBefore: new Date(), notAfter: new Date(Date.now() + 1e10) });
  await sim.host.certificates.importWithKey(store, issued.der, pkcs8Of(issued), 'renewed by autoenrolment');
  const renewed = createHash('sha1').update(issued.der).digest('hex');
  await sim.faults.add({ kind: 'renewal-property', certificate, renewed });
  return renewed;
}

test('a failed adoption is undone where another certificate was served than the record had', async () => {
  await using world = await createWorld({ applicationHostConfig: sitesOf({ Shop: [[`*:443:${SHOP}`, 1]] }) });
  const renewed = await renewedByOthers(world);
  const { material, plan, checks } = await deployed(world, [SHOP]);
  deepEqual(outcomes(checks), [`${SHOP} verified ok`]);
  notEqual(material.thumbprint, renewed);
  const restored = await world.deployment().restore(plan);
  deepEqual(
    restored.map(({ outcome, servedThumbprint }) => [outcome, servedThumbprint]),
    [['verified', renewed]],
  );
  equal((await world.held())[record], world.seeded.get(record));
});
