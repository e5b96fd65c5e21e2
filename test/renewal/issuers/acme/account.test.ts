import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { EverbindError } from '../../../../src/errors/error.ts';
import { ends, failed, OBTAINED, renewed } from '../../support/obtain-judge.ts';
import { eventCount, eventsOf, eventTypes, keyHandles, rowsOf, troubleOf } from '../../support/obtain-rows.ts';
import { obtainSuite } from '../../support/obtain-suite.ts';
import { problemResponse, type World } from '../../support/obtain-world.ts';

// The account at a CA that wants an external account binding (RFC 8555 section 7.3.4), and what follows when that CA
// forgets everything.

const HMAC = randomBytes(32).toString('base64url');
const BOUND = ', externalAccountBinding: { keyId: kid-1, hmacKey: "secret:eab-hmac" }';
const one = '[{ name: shop, names: [shop.account.test], deployments: [] }]';

const withBinding = { externalAccountKeys: { 'kid-1': HMAC } };
const suite = obtainSuite(withBinding, withBinding);

const test = (title: string, work: (world: World) => Promise<void>): void =>
  void it(title, { timeout: 60_000 }, () =>
    suite.withWorld(async (world) => {
      suite.front.switchTo(0);
      await work(world);
    }),
  );

function accountKeys(world: World): readonly Readonly<Record<string, unknown>>[] {
  return rowsOf(world.state.store, 'SELECT issuer, key_handle FROM account');
}

describe('an external account binding', () => {
  test('that is not configured is asked for', async (world) => {
    await world.apply(one);
    const { code, message } = await failed(world);
    assert.equal(code, 'ACME_EXTERNAL_ACCOUNT_REQUIRED');
    assert.match(message, /external account/);
    assert.deepEqual(ends(world, 'shop'), ['failed']);
    assert.deepEqual(eventTypes(world.state.store, 'ca'), ['account.started']);
  });

  test('whose secret is missing says which, and works once it is set', async (world) => {
    await world.apply(one, { issuer: BOUND });
    const { code, message, nextAttempt } = await failed(world);
    assert.equal(code, 'SECRET_NOT_FOUND');
    assert.match(message, /everbind secret set eab-hmac/);
    assert.deepEqual(troubleOf(world.show('shop').certificate), { failures: 1, dueReason: 'retry', code });
    assert.deepEqual(eventTypes(world.state.store, 'shop'), [
      'certificate.declared',
      'renewal.started',
      'renewal.attempt-failed',
    ]);
    const [key] = accountKeys(world);
    await world.state.secrets.setSecret('eab-hmac', HMAC);
    world.clock.moveTo(nextAttempt);
    await renewed(world);
    assert.deepEqual(accountKeys(world), [key]);
    assert.deepEqual(eventTypes(world.state.store, 'ca'), ['account.started', 'account.registered']);
    // Nothing was lost: the same renewal goes on.
    assert.deepEqual(ends(world, 'shop'), ['renewed']);
    assert.equal(keyHandles(world.state.store).length, 2);
  });

  test('with a wrong secret is refused by the CA, and the secret is in no event', async (world) => {
    await world.apply(one, { issuer: BOUND });
    const wrong = randomBytes(32).toString('base64url');
    await world.state.secrets.setSecret('eab-hmac', wrong);
    const { code, message, nextAttempt } = await failed(world);
    assert.equal(code, 'ACME_PROBLEM');
    assert.ok(!message.includes(wrong));
    assert.ok(!JSON.stringify(eventsOf(world.state.store)).includes(wrong));
    await world.state.secrets.setSecret('eab-hmac', HMAC);
    world.clock.moveTo(nextAttempt);
    await renewed(world);
  });
});

describe('a CA that has forgotten our account', () => {
  const begin = async (world: World, certificates = one, concurrency = 1): Promise<void> => {
    await world.state.secrets.setSecret('eab-hmac', HMAC);
    await world.apply(certificates, { issuer: BOUND, top: `engine: { concurrency: ${concurrency} }` });
  };

  test('gets a new one, with the same key, at the next attempt', async (world) => {
    await begin(world);
    await renewed(world);
    const [key] = accountKeys(world);
    suite.front.switchTo(1);
    world.clock.moveTo(world.show('shop').certificate.nextDue);
    const from = eventCount(world.state.store);
    const { code, message, nextAttempt } = await failed(world);
    assert.equal(code, 'ACME_PROBLEM');
    assert.match(message, /accountDoesNotExist/);
    // What serves goes on serving.
    assert.equal(world.show('shop').issued[0]?.status, 'active');
    assert.deepEqual(eventTypes(world.state.store, 'ca', from), ['account.lost']);
    world.clock.moveTo(nextAttempt);
    await renewed(world);
    assert.deepEqual(eventTypes(world.state.store, 'ca', from), ['account.lost', 'account.registered']);
    assert.deepEqual(accountKeys(world), [key]);
    assert.deepEqual(ends(world, 'shop'), ['renewed', 'failed', 'renewed']);
    assert.deepEqual(eventTypes(world.state.store, 'shop', from), [
      ...OBTAINED.slice(0, 3),
      'renewal.attempt-failed',
      'renewal.failed',
      ...OBTAINED,
      'renewal.committed',
      'key.destroyed',
    ]);
    const { issued } = world.show('shop');
    assert.deepEqual(
      issued.map(({ status }) => status),
      ['active', 'previous'],
    );
  });

  test('and so the order of an open renewal: both are made anew', async (world) => {
    await begin(world);
    world.onPresent = () => {
      throw new EverbindError('CHALLENGE_PRESENT_FAILED', 'not now for the test');
    };
    world.clock.moveTo((await failed(world)).nextAttempt);
    world.onPresent = () => {};
    suite.front.switchTo(1);
    const { message, nextAttempt } = await failed(world);
    assert.match(message, /accountDoesNotExist/);
    assert.equal(world.show('shop').openStep, null);
    world.clock.moveTo(nextAttempt);
    await renewed(world);
    assert.deepEqual(ends(world, 'shop'), ['failed', 'renewed']);
    assert.equal(world.orders.length, 2);
    assert.deepEqual(eventTypes(world.state.store, 'ca'), [
      'account.started',
      'account.registered',
      'account.lost',
      'account.registered',
    ]);
  });

  test('loses it once, however many certificates are under way', async (world) => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    await begin(
      world,
      `[${names.map((name) => `{ name: ${name}, names: [${name}.account.test], deployments: [] }`).join(', ')}]`,
      3,
    );
    await renewed(world);
    suite.front.switchTo(1);
    // The second refusal comes when the account is there again.
    const registered = Promise.withResolvers<void>();
    let refusals = 0;
    world.onResponse = async ({ url }, response) => {
      if (url.endsWith('/sign-me-up')) registered.resolve();
      if (url.endsWith('/order-plz') && response.status >= 400 && ++refusals === 2) await registered.promise;
      return response;
    };
    const { outcomes } = await world.renew([], { force: true });
    assert.ok(refusals >= 2);
    assert.equal(outcomes.filter(({ kind }) => kind === 'failed').length, refusals);
    assert.equal(outcomes.length, 6);
    assert.deepEqual(eventTypes(world.state.store, 'ca'), [
      'account.started',
      'account.registered',
      'account.lost',
      'account.registered',
    ]);
  });

  test('costs one certificate an attempt, not every one', async (world) => {
    const names = ['a', 'b', 'c'];
    await begin(
      world,
      `[${names.map((name) => `{ name: ${name}, names: [${name}.account.test], deployments: [] }`).join(', ')}]`,
    );
    await renewed(world);
    suite.front.switchTo(1);
    const { outcomes } = await world.renew([], { force: true });
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['failed', 'renewed', 'renewed'],
    );
    assert.deepEqual(eventTypes(world.state.store, 'ca'), [
      'account.started',
      'account.registered',
      'account.lost',
      'account.registered',
    ]);
  });
});

describe('an account that the CA does not serve any more', () => {
  const DAY = 86_400_000;
  const begin = async (world: World): Promise<string> => {
    await world.state.secrets.setSecret('eab-hmac', HMAC);
    await world.apply(one, { issuer: `${BOUND}, accountKeyRolloverDays: 0` });
    await renewed(world);
    return String(rowsOf(world.state.store, 'SELECT url FROM account')[0]?.['url']);
  };
  const replaces = (world: World): readonly unknown[] =>
    eventsOf(world.state.store, 'shop')
      .filter(({ type }) => type === 'order.requested')
      .map(({ data }) => data['replaces']);

  test('makes room for another one, with another key, at the next attempt', async (world) => {
    const url = await begin(world);
    const [key] = accountKeys(world);
    await world.asAccount((client) => client.deactivateAccount());
    world.clock.advance(2 * DAY);
    const from = eventCount(world.state.store);
    const { outcomes } = await world.renew([], { force: true });
    const [outcome] = outcomes;
    assert.ok(outcome?.kind === 'failed');
    assert.match(outcome.message, /unauthorized/);
    assert.deepEqual(eventTypes(world.state.store, 'ca', from), ['account.deactivated', 'account.started']);
    world.clock.moveTo(outcome.nextAttempt);
    await renewed(world);
    assert.deepEqual(eventTypes(world.state.store, 'ca', from).at(-1), 'account.registered');
    const [row] = rowsOf(world.state.store, 'SELECT url, key_handle FROM account');
    assert.notEqual(row?.['url'], url);
    assert.notEqual(row?.['key_handle'], key?.['key_handle']);
    // The certificate in use was issued to the account before: the CA is not told that it is replaced.
    assert.deepEqual(
      replaces(world).map((id) => id === null),
      [true, false, true],
    );
    // The old key stays for a month, should the CA have been wrong, and no longer.
    assert.ok(keyHandles(world.state.store).includes(String(key?.['key_handle'])));
    world.clock.advance(31 * DAY);
    await world.renew();
    assert.ok(!keyHandles(world.state.store).includes(String(key?.['key_handle'])));
  });

  test('and was registered today stays: the CA has something against us, and counts accounts', async (world) => {
    const url = await begin(world);
    await world.asAccount((client) => client.deactivateAccount());
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const [outcome] = (await world.renew([], { force: true })).outcomes;
      assert.equal(outcome?.kind, 'failed');
    }
    assert.equal(rowsOf(world.state.store, 'SELECT url FROM account')[0]?.['url'], url);
    world.clock.advance(DAY);
    await world.renew([], { force: true });
    assert.equal(rowsOf(world.state.store, 'SELECT url FROM account')[0]?.['url'], null);
  });

  test('is not one that may not have this certificate', async (world) => {
    const url = await begin(world);
    world.clock.advance(2 * DAY);
    world.meddle = ({ url: asked }) => (asked.endsWith('/order-plz') ? problemResponse(403, 'unauthorized') : null);
    const from = eventCount(world.state.store);
    const [outcome] = (await world.renew([], { force: true })).outcomes;
    assert.equal(outcome?.kind, 'failed');
    assert.equal(rowsOf(world.state.store, 'SELECT url FROM account')[0]?.['url'], url);
    assert.deepEqual(eventTypes(world.state.store, 'ca', from), []);
  });

  test('is not one that the CA does not show, and finds by its key', async (world) => {
    const url = await begin(world);
    world.clock.advance(2 * DAY);
    world.meddle = ({ url: asked }) =>
      asked.endsWith('/order-plz') || asked === url ? problemResponse(403, 'unauthorized') : null;
    await world.renew([], { force: true });
    assert.equal(rowsOf(world.state.store, 'SELECT url FROM account')[0]?.['url'], url);
  });

  test('is noticed once, however many certificates are under way', async (world) => {
    await world.state.secrets.setSecret('eab-hmac', HMAC);
    const names = ['a', 'b', 'c', 'd'];
    await world.apply(
      `[${names.map((name) => `{ name: ${name}, names: [${name}.account.test], deployments: [] }`).join(', ')}]`,
      { issuer: BOUND, top: 'engine: { concurrency: 4 }' },
    );
    await renewed(world);
    await world.asAccount((client) => client.deactivateAccount());
    world.clock.advance(2 * DAY);
    const from = eventCount(world.state.store);
    await world.renew([], { force: true });
    const types = eventTypes(world.state.store, 'ca', from);
    assert.equal(types.filter((type) => type === 'account.deactivated').length, 1);
    assert.ok(types.filter((type) => type === 'account.registered').length <= 1);
  });
});
