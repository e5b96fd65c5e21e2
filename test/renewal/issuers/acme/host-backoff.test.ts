import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hostBackoffs } from '../../../../src/renewal/state/issuer-health.ts';
import { failed, renewed } from '../../support/obtain-judge.ts';
import { withFolder } from '../../support/obtain-state.ts';
import { obtainSuite } from '../../support/obtain-suite.ts';
import { problemResponse, type World } from '../../support/obtain-world.ts';

const HOUR = 3_600_000;

const suite = obtainSuite({ alwaysValid: true });

const declare = (world: World, ...names: readonly string[]): Promise<void> =>
  world.apply(`[${names.map((name) => `{ name: ${name}, names: [${name}.held.test], deployments: [] }`).join(', ')}]`, {
    top: 'engine: { concurrency: 1 }',
  });

it('a busy CA gets no further request, for no certificate and no later process, until the time that it named', () =>
  withFolder(async (folder) => {
    await suite.withWorldAt(folder, async (world) => {
      await declare(world, 'a', 'b', 'c');
      const asked: string[] = [];
      world.meddle = ({ url }) => {
        asked.push(url);
        return url.endsWith('/order-plz') ? problemResponse(503, 'serverInternal', { 'retry-after': ['7200'] }) : null;
      };
      const { outcomes } = await world.renew();
      assert.deepEqual(
        outcomes.map((outcome) => outcome.kind === 'failed' && outcome.code),
        ['ACME_PROBLEM', 'ACME_HOST_BACKOFF'],
        'the third waits without an attempt',
      );
      assert.equal(asked.filter((url) => url.endsWith('/order-plz')).length, 1);
      assert.ok(asked.at(-1)?.endsWith('/order-plz'), 'nothing was sent after it');
      for (const name of ['a', 'b', 'c']) {
        assert.ok(world.show(name).certificate.nextDue >= world.clock.now() + 2 * HOUR - 60_000, name);
      }
      const [held] = world.state.store.read((db) => hostBackoffs(db, world.clock.now()));
      assert.equal(held?.host, new URL(suite.front.ca.directoryUrl).host);
    });
    await suite.withWorldAt(folder, async (world) => {
      world.meddle = () => assert.fail('it was asked');
      world.clock.advance(HOUR);
      const { outcomes } = await world.renew(['a'], { force: true });
      assert.ok(outcomes[0]?.kind === 'failed' && outcomes[0].code === 'ACME_HOST_BACKOFF');
      world.meddle = () => null;
      world.clock.moveTo(Math.max(...['a', 'b', 'c'].map((name) => world.show(name).certificate.nextDue)));
      await renewed(world);
      assert.deepEqual(
        world.state.store.read((db) => hostBackoffs(db, world.clock.now())),
        [],
      );
    });
  }));

it('a rate limit of ACME holds back the certificate that it is about, and no other', () =>
  withFolder((folder) =>
    suite.withWorldAt(folder, async (world) => {
      await declare(world, 'a');
      world.meddle = ({ url }) =>
        url.endsWith('/order-plz') ? problemResponse(429, 'rateLimited', { 'retry-after': ['7200'] }) : null;
      await failed(world);
      world.meddle = () => null;
      await declare(world, 'a', 'b');
      await renewed(world);
      assert.equal(world.show('b').issued.length, 1);
    }),
  ));

it('a short pause is waited for, and the renewal goes on', () =>
  withFolder((folder) =>
    suite.withWorldAt(folder, async (world) => {
      await declare(world, 'a');
      let busy = 2;
      world.meddle = ({ url }) => {
        if (!url.includes('/my-order/') || busy === 0) return null;
        busy -= 1;
        return problemResponse(503, 'serverInternal', { 'retry-after': ['20'] });
      };
      await renewed(world);
      assert.equal(busy, 0);
    }),
  ));
