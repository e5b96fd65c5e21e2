import assert from 'node:assert/strict';
import { pausedCertificates } from '../../../../src/renewal/state/issuer-health.ts';
import { failed, renewed } from '../../support/obtain-judge.ts';
import { eventsOf } from '../../support/obtain-rows.ts';
import { obtainSuite } from '../../support/obtain-suite.ts';
import type { World } from '../../support/obtain-world.ts';

const HOUR = 3_600_000;
const link = 'https://portal.ca.test/sfe/v1/unpause?jwt=aaa.bbb.ccc';

const suite = obtainSuite({ alwaysValid: true });
const { test } = suite;

/** As Boulder does; only orders of the first account are paused. */
function pause(world: World): void {
  let paused: string | null = null;
  world.meddle = ({ url, body }) => {
    if (!url.endsWith('/order-plz')) return null;
    const header = JSON.parse(Buffer.from(body ?? '').toString('utf8')) as { protected: string };
    const { kid } = JSON.parse(Buffer.from(header.protected, 'base64url').toString('utf8')) as { kid: string };
    paused ??= kid;
    if (kid !== paused) return null;
    return {
      status: 429,
      headers: { 'content-type': ['application/problem+json'] },
      body: Buffer.from(
        JSON.stringify({
          type: 'urn:ietf:params:acme:error:rateLimited',
          detail: `Please visit: ${link}`,
          status: 429,
        }),
      ),
    };
  };
}

test('a paused name is asked for once a day, its address is kept and shown, and in no log', async (world) => {
  await world.apply('[{ name: shop, names: [shop.paused.test], deployments: [] }]');
  pause(world);
  const outcome = await failed(world);
  assert.equal(outcome.code, 'ACME_PAUSED');
  assert.equal(outcome.link, link);
  const wait = outcome.nextAttempt - world.clock.now();
  assert.ok(wait > 23 * HOUR && wait <= 26.5 * HOUR, `${wait}`);
  const paused = world.show('shop').paused.map(({ name, issuer, link: shown }) => ({ name, issuer, link: shown }));
  assert.deepEqual(paused, [{ name: 'shop', issuer: 'ca', link }]);
  assert.equal(world.state.store.read((db) => pausedCertificates(db)).length, 1);
  for (const subject of ['shop', 'ca']) {
    assert.ok(!JSON.stringify(eventsOf(world.state.store, subject)).includes('jwt'), subject);
  }
  assert.ok(!outcome.message.includes('jwt'));
  // Lifted.
  world.meddle = () => null;
  world.clock.moveTo(outcome.nextAttempt);
  await renewed(world);
  assert.deepEqual(world.show('shop').paused, []);
});

test('another issuer is asked at once; the pause stays to be seen', async (world) => {
  const second = ` }, { name: other, directory: "${suite.front.ca.directoryUrl}", termsOfServiceAgreed: true`;
  await world.apply('[{ name: shop, names: [shop.paused.test], issuers: [ca, other], deployments: [] }]', {
    issuer: second,
  });
  pause(world);
  await renewed(world);
  const { issued, paused } = world.show('shop');
  assert.equal(issued[0]?.issuer, 'other');
  assert.deepEqual(
    paused.map(({ issuer }) => issuer),
    ['ca'],
  );
});
