import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Pebble, startPebble } from '../../lab/pebble/server.ts';
import { systemClock } from '../../src/net/system.ts';
import type { Outcome } from '../../src/renewal/engine/outcome.ts';
import { type CheckOptions, type CheckWorld, startCheckWorld } from './world.ts';

// What renewals do with what CAA records say. Pebble does not look at any, so it is never the one that refuses.

let world: CheckWorld;
let second: Pebble;
before(async () => {
  world = await startCheckWorld();
  second = await startPebble({ httpPort: world.httpPort, caaIdentities: ['second.test'] });
  await writeFile(join(world.stateDir, 'second-listener.pem'), second.listenerCaPem);
  await writeFile(join(world.stateDir, 'second-root.pem'), await second.rootPem());
});
after(async () => {
  await second.stop();
  await world.stop();
});

const http = { type: 'http-01', mode: 'http.sys' };

interface Renewed {
  readonly outcome: Outcome;
  readonly ordered: number;
  /** Events of that kind in the log so far. */
  readonly found: number;
}

/** Renews the certificate, whether it is due or not: how it went, and how many orders the first CA got. */
async function renew(
  names: readonly string[],
  more: { readonly name?: string; readonly issuers?: readonly string[]; readonly challenge?: object } = {},
  options: CheckOptions = {},
): Promise<Renewed> {
  const before = orders();
  const certificate = { name: 'site', names, challenge: http, ...more };
  const certificates = [certificate];
  const { out } = await world.run(['renew', certificate.name, '--force', '--json'], certificates, options);
  const [outcome] = (JSON.parse(out) as { certificates: readonly Outcome[] }).certificates;
  assert.ok(outcome !== undefined, out);
  const logged = async (type: string, text: string): Promise<number> => {
    const log = await world.run(['audit', 'log', '--all', '--type', type, '--json'], certificates, options);
    return log.out.split(text).length - 1;
  };
  // Pebble refuses to replace one certificate in 256 (lab/pebble/replaced-serial.ts): that order is asked for once
  // more, without.
  const refused = await logged('order.created', '"replacesRefused"');
  const again = refused - refusedSoFar;
  refusedSoFar = refused;
  return {
    outcome,
    ordered: orders() - before - again,
    found: await logged('preflight.found', '"preflight.found"'),
  };
}

let refusedSoFar = 0;

function orders(): number {
  return world.asked.filter((request) => request === 'POST /order-plz').length;
}

function forbid(name: string, value = 'other.test'): Promise<void> {
  return world.pebble.challenge('add-caa', { host: `${name}.`, policies: [{ tag: 'issue', value }] });
}

test('a first order that CAA forbids is not made, and is once CAA allows it; routine does not look', async () => {
  await forbid('first.test');
  const refused = await renew(['www.first.test']);
  assert.ok(refused.outcome.kind === 'failed');
  assert.deepEqual([refused.outcome.code, refused.ordered, refused.found], ['RENEWAL_PREFLIGHT_FAILED', 0, 1]);
  assert.match(refused.outcome.message, /^www\.first\.test at pebble: the CAA records of first\.test/);
  await world.pebble.challenge('clear-caa', { host: 'first.test.' });
  const allowed = await renew(['www.first.test']);
  assert.deepEqual([allowed.outcome.kind, allowed.ordered, allowed.found], ['renewed', 1, 1]);
  await forbid('first.test');
  const routine = await renew(['www.first.test']);
  assert.deepEqual([routine.outcome.kind, routine.ordered, routine.found], ['renewed', 1, 1]);
});

test('what is only doubtful is noted, and the order made', async () => {
  // Its CAA records cannot be looked up; the name itself can.
  await world.pebble.challenge('set-servfail', { host: 'doubt.test.' });
  const { outcome, ordered, found } = await renew(['www.doubt.test'], { name: 'doubt' });
  assert.deepEqual([outcome.kind, ordered, found], ['renewed', 1, 2]);
});

test('a challenge that CAA forbids stops nothing where it allows another one of the certificate', async () => {
  await forbid('two.test', 'ca.everbind.test; validationmethods=tls-alpn-01');
  const challenge = { type: 'auto', of: [http, { type: 'tls-alpn-01' }] };
  const { outcome, ordered, found } = await renew(['two.test'], { name: 'two', challenge });
  assert.deepEqual([outcome.kind, ordered, found], ['renewed', 1, 3], JSON.stringify(outcome));
});

test('the next issuer is asked in the same run', async () => {
  await forbid('next.test', 'second.test');
  const issuers = [
    {
      name: 'second',
      directory: second.directoryUrl,
      termsOfServiceAgreed: true,
      trustRoots: [join(world.stateDir, 'second-listener.pem')],
      certificateRoots: [join(world.stateDir, 'second-root.pem')],
    },
  ];
  const more = { name: 'next', issuers: ['pebble', 'second'] };
  const { outcome, ordered, found } = await renew(['next.test'], more, { issuers });
  assert.deepEqual([outcome.kind, ordered, found], ['renewed', 0, 4], JSON.stringify(outcome));
});

test('after a failure it is looked at again, but not when the certificate in use is about to expire', async () => {
  const more = { name: 'hurry' };
  assert.equal((await renew(['hurry.test'], more)).outcome.kind, 'renewed');
  // The CA finds nobody there.
  await world.pebble.challenge('add-a', { host: 'hurry.test.', addresses: ['127.0.0.79'] });
  // Pebble reuses one valid authorization in a hundred, and then does not look.
  let missing = await renew(['hurry.test'], more);
  for (let tries = 1; missing.outcome.kind === 'renewed' && tries < 10; tries += 1)
    missing = await renew(['hurry.test'], more);
  assert.equal(missing.outcome.kind, 'failed');
  await world.pebble.challenge('clear-a', { host: 'hurry.test.' });
  await forbid('hurry.test');
  const refused = await renew(['hurry.test'], more);
  assert.ok(refused.outcome.kind === 'failed');
  assert.deepEqual([refused.outcome.code, refused.ordered], ['RENEWAL_PREFLIGHT_FAILED', 0]);
  // Of ninety days.
  const clock = { ...systemClock, now: () => systemClock.now() + 85 * 86_400_000 };
  const { outcome, ordered } = await renew(['hurry.test'], more, { clock });
  assert.deepEqual([outcome.kind, ordered], ['renewed', 1], JSON.stringify(outcome));
});

test('more names than the CA takes are not ordered, also when names were added to a certificate in use', async () => {
  const most = { issuer: { maxNames: 1 } };
  const one = await renew(['www.many.test'], { name: 'many' }, most);
  assert.deepEqual([one.outcome.kind, one.ordered], ['renewed', 1]);
  const two = await renew(['www.many.test', 'more.many.test'], { name: 'many' }, most);
  assert.ok(two.outcome.kind === 'failed');
  assert.deepEqual([two.outcome.code, two.ordered], ['RENEWAL_PREFLIGHT_FAILED', 0]);
  assert.match(two.outcome.message, /^pebble: 2 names, and pebble takes 1 at most/);
  const first = await renew(['a.many.test', 'b.many.test'], { name: 'many2' }, most);
  assert.deepEqual([first.outcome.kind, first.ordered], ['failed', 0]);
});
