import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countWaiting } from '../../../src/renewal/state/certificate-queries.ts';
import { nearlySpentLimits } from '../../../src/renewal/ratelimits/spent-limits.ts';
import type { Outcome } from '../../../src/renewal/engine/outcome.ts';
import { failed, renewed } from '../support/obtain-judge.ts';
import { eventsOf, rowsOf } from '../support/obtain-rows.ts';
import { withFolder } from '../support/obtain-state.ts';
import { obtainSuite } from '../support/obtain-suite.ts';
import { problemResponse, type RunResult, type World } from '../support/obtain-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const suite = obtainSuite({ alwaysValid: true });
const { test } = suite;

/** So many certificates, one of them after the other, at a CA with these limits. */
function declare(world: World, names: readonly string[], limits: string, more = ''): Promise<void> {
  const certificates = names.map((name) => `{ name: ${name}, names: [${name}.limits.test], deployments: [] }`);
  return world.apply(`[${certificates.join(', ')}]`, {
    issuer: `, limits: { ${limits} }${more}`,
    top: 'engine: { concurrency: 1 }',
  });
}

function kinds(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.map(({ kind }) => kind);
}

/** What was spent, as it stands in the database. */
function buckets(world: World): readonly string[] {
  return rowsOf(world.state.store, 'SELECT kind, subject FROM bucket ORDER BY kind, subject').map((row) =>
    `${String(row['kind'])} ${String(row['subject'])}`.trim(),
  );
}

const waits = (world: World, name: string): boolean => world.show(name).certificate.dueReason === 'rate-limit';

/** A run that finds this certificate due. */
async function renewAsDue(world: World, name: string): Promise<RunResult> {
  await world.state.store.commit(
    ({ db }) => void db.prepare('UPDATE certificate SET next_due = 0 WHERE name = ?').run(name),
  );
  return world.renew([name]);
}

describe('the rate limits of an account', () => {
  test('routine stops before the CA would: the others wait for their own token each, and nothing has failed', async (world) => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    await declare(world, names, 'orders: { count: 3, hours: 3 }');
    const begun = world.clock.now();
    const run = await world.renew();
    assert.deepEqual(kinds(run.outcomes), ['renewed', 'renewed']);
    assert.equal(run.worked, 2);
    assert.equal(world.orders.length, 2);
    const waiting = names.filter((name) => waits(world, name));
    assert.equal(waiting.length, 3);
    const due = waiting.map((name) => world.show(name).certificate.nextDue).toSorted((a, b) => a - b);
    // One token an hour from the second hour on: the last one is kept, and the first is back an hour after it was
    // taken.
    for (const [index, at] of due.entries()) {
      assert.ok(at >= begun + (index + 1) * HOUR, `${index}: ${at - begun}`);
      assert.ok(at < world.clock.now() + (index + 2) * HOUR, `${index}: ${at - begun}`);
    }
    for (const name of waiting) {
      const { certificate, renewals } = world.show(name);
      assert.deepEqual([certificate.failures, certificate.lastError, renewals.length], [0, null, 0]);
      const [, deferred] = eventsOf(world.state.store, name);
      assert.equal(deferred?.type, 'renewal.deferred');
      assert.equal(deferred.data['limit'], 'orders');
    }
    const status = world.state.store.read((db) => nearlySpentLimits(db, world.clock.now()));
    assert.deepEqual(
      status.map(({ issuer, limit, subject, left, of }) => ({ issuer, limit, subject, left, of })),
      [{ issuer: 'ca', limit: 'orders', subject: '', left: 1, of: 3 }],
    );
    assert.ok((status[0]?.roomAt ?? 0) > world.clock.now());
    assert.equal(world.state.store.read(countWaiting), 3);
    for (const at of due) {
      world.clock.moveTo(at);
      await renewed(world);
    }
    assert.equal(world.orders.length, 5);
    assert.equal(world.state.store.read(countWaiting), 0);
  });

  test('a person who asks by name is told, with the code and the time', async (world) => {
    await declare(world, ['a', 'b'], 'orders: { count: 2, hours: 2 }');
    assert.deepEqual(kinds((await world.renew(['a'])).outcomes), ['renewed']);
    const { outcomes } = await world.renew(['b']);
    const [outcome] = outcomes;
    assert.ok(outcome?.kind === 'deferred');
    assert.equal(outcome.code, 'RENEWAL_RATE_LIMITED');
    assert.equal(outcome.nextAttempt, world.show('b').certificate.nextDue);
    assert.equal(world.orders.length, 1);
    world.clock.moveTo(outcome.nextAttempt);
    await renewed(world);
  });

  test('a person who forces it by name is not held by our count, and spends all the same', async (world) => {
    await declare(world, ['a', 'b', 'c'], 'orders: { count: 2, hours: 10000 }');
    assert.deepEqual(kinds((await world.renew(['a'])).outcomes), ['renewed']);
    assert.deepEqual(kinds((await world.renew([], { force: true })).outcomes), ['deferred', 'deferred', 'deferred']);
    const full = (): number => Number(rowsOf(world.state.store, 'SELECT full_at FROM bucket')[0]?.['full_at']);
    const before = full();
    assert.deepEqual(kinds((await world.renew(['b'], { force: true })).outcomes), ['renewed']);
    assert.ok(full() > before + 4000 * HOUR);
    assert.deepEqual(kinds((await renewAsDue(world, 'c')).outcomes), ['deferred']);
  });

  test('what is kept is for a certificate about to expire, or revoked', async (world) => {
    await declare(world, ['a', 'b'], 'orders: { count: 2, hours: 10000 }');
    await renewed({ ...world, renew: () => world.renew(['a']) });
    await world.renew();
    assert.equal(waits(world, 'b'), true);
    const [active] = world.show('a').issued;
    assert.ok(active !== undefined);
    // Due by its lifetime it finds nothing for routine, and is moved to when it is urgent at the latest.
    world.clock.moveTo(active.notAfter - (active.notAfter - active.notBefore) / 4);
    await world.renew();
    assert.equal(waits(world, 'a'), true);
    const { nextDue } = world.show('a').certificate;
    assert.ok(nextDue <= active.notAfter - (active.notAfter - active.notBefore) / 10);
    world.clock.moveTo(active.notAfter - DAY);
    const { outcomes } = await world.renew();
    assert.deepEqual(
      outcomes.map(({ name, kind }) => [name, kind]),
      [['a', 'renewed']],
    );
    assert.equal(waits(world, 'b'), true);
  });

  test('another issuer with room is asked meanwhile', async (world) => {
    const second = ` }, { name: other, directory: "${suite.front.ca.directoryUrl}", termsOfServiceAgreed: true`;
    const certificates = ['a', 'b', 'c'].map(
      (name) => `{ name: ${name}, names: [${name}.limits.test], issuers: [ca, other], deployments: [] }`,
    );
    await world.apply(`[${certificates.join(', ')}]`, {
      issuer: `, limits: { orders: { count: 2, hours: 2 } }${second}`,
      top: 'engine: { concurrency: 1 }',
    });
    assert.deepEqual(kinds((await world.renew()).outcomes), ['renewed', 'renewed', 'renewed']);
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => world.show(name).issued[0]?.issuer),
      ['ca', 'other', 'other'],
    );
  });

  it('is kept when Everbind ends and begins again', () =>
    withFolder(async (folder) => {
      await suite.withWorldAt(folder, async (world) => {
        await declare(world, ['a', 'b'], 'orders: { count: 2, hours: 1000 }');
        assert.deepEqual(kinds((await world.renew(['a'])).outcomes), ['renewed']);
      });
      await suite.withWorldAt(folder, async (world) => {
        assert.deepEqual(kinds((await world.renew(['b'])).outcomes), ['deferred']);
        assert.deepEqual(buckets(world), ['orders']);
        // Full again: nothing is left of it but what the next one takes.
        world.clock.advance(1001 * HOUR);
        assert.deepEqual(kinds((await world.renew(['b'])).outcomes), ['renewed']);
        assert.equal(rowsOf(world.state.store, `SELECT 1 FROM bucket WHERE full_at <= ${world.clock.now()}`).length, 0);
      });
    }));

  test('a clock that is put back stops nothing for longer than the limit does, and forgets nothing', async (world) => {
    await declare(world, ['a', 'b'], 'orders: { count: 2, hours: 2 }');
    world.clock.advance(60 * DAY);
    assert.deepEqual(kinds((await world.renew(['a'])).outcomes), ['renewed']);
    world.clock.advance(-50 * DAY);
    const [outcome] = (await renewAsDue(world, 'b')).outcomes;
    assert.ok(outcome?.kind === 'deferred');
    assert.ok(outcome.nextAttempt < world.clock.now() + 3 * HOUR);
    world.clock.moveTo(outcome.nextAttempt);
    assert.deepEqual(kinds((await world.renew(['b'])).outcomes), ['renewed']);
  });
});

describe('exemptions', () => {
  const limits =
    'orders: { count: 2, hours: 1000 }, certificatesPerDomain: { count: 2, hours: 1000 }, certificatesPerSet: { count: 4, hours: 1000 }';
  const again = async (world: World): Promise<readonly string[]> => kinds((await renewAsDue(world, 'a')).outcomes);

  test('a renewal for the same names counts for the set only; within the window of the CA for nothing', async (world) => {
    await declare(world, ['a'], `${limits}, exemptRenewals: true`);
    assert.deepEqual(await again(world), ['renewed']);
    assert.deepEqual(await again(world), ['renewed']);
    assert.deepEqual(await again(world), ['renewed']);
    assert.deepEqual(await again(world), ['deferred'], 'the fourth of the set is kept');
    const now = world.clock.now();
    await world.state.store.commit(
      ({ db }) =>
        void db
          .prepare('UPDATE certificate SET window_start = ?, window_end = ?, selected = ?')
          .run(now - HOUR, now + HOUR, now),
    );
    assert.deepEqual(await again(world), ['renewed']);
    assert.equal(world.orders.length, 4);
    // That window was for the certificate before.
    assert.deepEqual(await again(world), ['deferred']);
  });

  test('other CAs count every order, and other names are another set', async (world) => {
    await declare(world, ['a'], limits);
    assert.deepEqual(await again(world), ['renewed']);
    assert.deepEqual(buckets(world), [
      'certificatesPerDomain limits.test',
      'certificatesPerSet a.limits.test',
      'orders',
    ]);
    assert.deepEqual(await again(world), ['deferred']);
  });
});

describe('what a CA did not count', () => {
  const limits = 'orders: { count: 9, hours: 100 }, certificatesPerSet: { count: 9, hours: 100 }';

  test('an order that it refused is given back; one that it was too busy for is not', async (world) => {
    await declare(world, ['a'], limits);
    world.meddle = ({ url }) => (url.endsWith('/order-plz') ? problemResponse(403, 'rejectedIdentifier') : null);
    await failed(world);
    await world.state.store.commit(
      ({ db }) => void db.prepare('DELETE FROM bucket WHERE full_at <= ?').run(world.clock.now()),
    );
    assert.deepEqual(buckets(world), []);
    world.meddle = ({ url }) => (url.endsWith('/order-plz') ? problemResponse(429, 'rateLimited') : null);
    world.clock.advance(HOUR);
    await failed(world);
    assert.deepEqual(buckets(world), ['certificatesPerSet a.limits.test', 'orders']);
    // Going on with it costs nothing more.
    const spent = rowsOf(world.state.store, 'SELECT * FROM bucket');
    world.meddle = () => null;
    world.clock.advance(HOUR);
    await renewed(world);
    assert.deepEqual(rowsOf(world.state.store, 'SELECT * FROM bucket'), spent);
  });
});

test('a renewal that a person abandons by going back, before its CA was asked, costs nothing', async (world) => {
  const limits = 'orders: { count: 10, hours: 1000 }';
  await declare(world, ['shop'], limits);
  await renewed(world);
  await world.renew(['shop'], { force: true });
  // Another CA, where we have no account yet and nobody responds.
  await world.apply('[{ name: shop, names: [shop.limits.test], deployments: [] }]', {
    issuer: `, limits: { ${limits} }`,
    directoryUrl: 'https://127.0.0.1:1/dir',
  });
  await failed(world);
  assert.equal(world.show('shop').openStep, 'started');
  const spent = (): readonly unknown[] =>
    rowsOf(
      world.state.store,
      `SELECT kind FROM bucket WHERE directory LIKE '%:1/dir' AND full_at > ${world.clock.now()}`,
    );
  assert.equal(spent().length, 1);
  assert.equal((await world.engine.rollBack('shop', new AbortController().signal)).kind, 'renewed');
  assert.deepEqual(spent(), []);
});
