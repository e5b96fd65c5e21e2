import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../../../src/errors/table.ts';
import type { HttpResponse } from '../../../../src/ports/transport.ts';
import { type AccountRow, listAccounts } from '../../../../src/renewal/state/account-table.ts';
import { coded } from '../../../acme/support.ts';
import { renewed } from '../../support/obtain-judge.ts';
import { eventCount, eventsOf, eventTypes, keyHandles, rowsOf } from '../../support/obtain-rows.ts';
import { obtainSuite } from '../../support/obtain-suite.ts';
import { problemResponse, type World } from '../../support/obtain-world.ts';

// The account's key is replaced (RFC 8555 section 7.3.5), by itself and on demand, at a CA that does it, will not, or
// cannot be understood.

const DAY = 86_400_000;

const suite = obtainSuite({ alwaysValid: true });

/** A world with a certificate in use, which falls due in two months. */
const test = (title: string, work: (world: World) => Promise<void>, issuer = ''): void =>
  void it(title, () =>
    suite.withWorld(async (world) => {
      await world.apply('[{ name: shop, names: [shop.rollover.test], deployments: [] }]', { issuer });
      await renewed(world);
      await work(world);
    }),
  );

function accountOf({ state }: World): AccountRow {
  const [account, ...others] = state.store.read(listAccounts);
  assert.ok(account !== undefined);
  assert.deepEqual(others, []);
  return account;
}

function rollOver({ accounts }: World): ReturnType<World['accounts']['rollOver']> {
  return accounts.rollOver('ca', new AbortController().signal);
}

/** The account's key is the only one of an account here, and the CA knows the account by it. */
async function assertWhole(world: World): Promise<void> {
  const { keyHandle, url } = accountOf(world);
  const issued = rowsOf(world.state.store, `SELECT key_handle FROM issued WHERE status <> 'retired'`);
  const used = new Set([keyHandle, ...issued.map((row) => String(row['key_handle']))]);
  assert.deepEqual(new Set(keyHandles(world.state.store)), used);
  const { account, url: found } = await world.asAccount(async (client) => ({
    account: await client.getAccount(),
    url: (await client.newAccount({ onlyReturnExisting: true })).url,
  }));
  assert.equal(account.status, 'valid');
  assert.equal(found, url);
}

const isKeyChange = ({ url }: { readonly url: string }): boolean => url.endsWith('/rollover-account-key');
const isShow = ({ url }: { readonly url: string }): boolean => url.includes('/my-account/');
const isLookUp = ({ url }: { readonly url: string }): boolean => url.endsWith('/sign-me-up');

describe('the key of an account', () => {
  test(
    'is replaced when it is old, once, also when no certificate is due',
    async (world) => {
      const old = accountOf(world);
      world.clock.moveTo((old.keyAt ?? 0) + 30 * DAY - 60_000);
      assert.equal((await world.renew()).worked, 0);
      assert.deepEqual(accountOf(world), old);
      world.clock.advance(120_000);
      const from = eventCount(world.state.store);
      assert.deepEqual(await world.renew(), { managed: 1, worked: 0, outcomes: [] });
      const { url, keyHandle, keyAt, nextKey } = accountOf(world);
      assert.deepEqual([url, nextKey], [old.url, null]);
      assert.notEqual(keyHandle, old.keyHandle);
      assert.ok((keyAt ?? 0) > (old.keyAt ?? 0) + 29 * DAY);
      assert.deepEqual(
        eventsOf(world.state.store, 'ca', from).map(({ type, data }) => ({ type, data })),
        [
          { type: 'account.rollover-started', data: { url, key: old.keyHandle, next: keyHandle } },
          { type: 'account.key-changed', data: { url, key: keyHandle, before: old.keyHandle } },
          { type: 'key.destroyed', data: { key: old.keyHandle } },
        ],
      );
      await assertWhole(world);
      await world.renew();
      assert.equal(accountOf(world).keyHandle, keyHandle);
      // The next certificate is ordered by the same account, with the new key.
      await world.renew([], { force: true });
      assert.equal(world.show('shop').issued.length, 2);
      assert.equal(accountOf(world).keyHandle, keyHandle);
    },
    ', accountKeyRolloverDays: 30',
  );

  test(
    'stays when records of dns-persist-01 name it; a person who changes it is told',
    async (world) => {
      const hashing = (response: HttpResponse): HttpResponse => {
        const directory = JSON.parse(Buffer.from(response.body).toString()) as { meta: object };
        const meta = { ...directory.meta, accountHashPrefix: 'https://ca.test/h/' };
        return { ...response, body: Buffer.from(JSON.stringify({ ...directory, meta })) };
      };
      world.onResponse = ({ url }, response) => (url.endsWith('/dir') ? hashing(response) : response);
      const certificate = '{ name: shop, names: [shop.rollover.test], deployments: [], challenge: { type: TYPE } }';
      const apply = (type: string): Promise<void> =>
        world.apply(`[${certificate.replace('TYPE', type)}]`, { issuer: ', accountKeyRolloverDays: 30' });
      await apply('dns-persist-01');
      const old = accountOf(world);
      world.clock.advance(31 * DAY);
      assert.equal((await world.renew()).worked, 0);
      assert.equal(accountOf(world).keyHandle, old.keyHandle);
      const done = await rollOver(world);
      assert.equal(done.recordsStale, true);
      await assertWhole(world);

      await apply('http-01');
      world.clock.advance(31 * DAY);
      await world.renew();
      assert.notEqual(accountOf(world).keyHandle, done.key);
    },
    ', accountKeyRolloverDays: 30',
  );

  test('is replaced at the age that holds when the file says nothing', async (world) => {
    const { keyAt, keyHandle } = accountOf(world);
    world.meddle = ({ url }) => (url.includes('/order-plz') ? problemResponse(500, 'serverInternal') : null);
    world.clock.moveTo((keyAt ?? 0) + 89 * DAY);
    await world.renew();
    assert.equal(accountOf(world).keyHandle, keyHandle);
    world.clock.advance(DAY);
    await world.renew();
    assert.notEqual(accountOf(world).keyHandle, keyHandle);
  });

  test(
    'is never replaced by itself where that is wished, and on demand all the same',
    async (world) => {
      const old = accountOf(world);
      world.clock.advance(50 * DAY);
      await world.renew();
      assert.equal(accountOf(world).keyHandle, old.keyHandle);
      const done = await rollOver(world);
      const { keyHandle, url } = accountOf(world);
      assert.deepEqual(done, { issuer: 'ca', url, key: keyHandle, before: old.keyHandle, recordsStale: false });
      await assertWhole(world);
    },
    ', accountKeyRolloverDays: 0',
  );

  test('has the algorithm that is wanted by then', async (world) => {
    await world.apply('[{ name: shop, names: [shop.rollover.test], deployments: [] }]', {
      issuer: ', accountKey: ec-p384',
    });
    // The key that is there goes on as it is.
    await world.renew([], { force: true });
    await rollOver(world);
    const [row] = rowsOf(
      world.state.store,
      'SELECT k.algorithm FROM custody_keys k JOIN account a ON a.key_handle = k.handle',
    );
    assert.equal(row?.['algorithm'], 'ec-p384');
    await assertWhole(world);
  });

  test('stays while a challenge response names it', async (world) => {
    const { keyHandle } = accountOf(world);
    await world.state.store.commit(({ db }) => {
      db.prepare(`UPDATE renewal SET outcome = NULL`).run();
      db.prepare(`INSERT INTO challenge_response (renewal_id, task, config) SELECT id, '{}', '{}' FROM renewal`).run();
    });
    await assert.rejects(rollOver(world), coded('RENEWAL_UNDER_WAY'));
    assert.equal(accountOf(world).keyHandle, keyHandle);
    assert.equal(accountOf(world).nextKey, null);
  });

  it('is not there without an account', () =>
    suite.withWorld(async (world) => {
      await world.apply('[]');
      await assert.rejects(rollOver(world), coded('RENEWAL_NO_ACCOUNT'));
      assert.deepEqual(eventTypes(world.state.store, 'ca'), []);
    }));
});

describe('a CA that will not change keys', () => {
  const refusals: readonly (readonly [string, HttpResponse, ErrorCode])[] = [
    [
      'responds with 501',
      { status: 501, headers: { 'content-type': ['text/plain'] }, body: Buffer.from('no') },
      'ACME_NOT_OFFERED',
    ],
    ['responds with 501 and a problem', problemResponse(501, 'serverInternal'), 'ACME_NOT_OFFERED'],
    // step-ca
    ['responds with 501 and the type of a rate limit', problemResponse(501, 'rateLimited'), 'ACME_NOT_OFFERED'],
    ['responds with 405', problemResponse(405, 'malformed'), 'ACME_NOT_OFFERED'],
    ['has something against it', problemResponse(400, 'malformed'), 'ACME_PROBLEM'],
    ['knows the new key as that of another account', problemResponse(409, 'malformed'), 'ACME_PROBLEM'],
  ];
  for (const [how, response, code] of refusals) {
    test(
      `${how}: the old key stays, the new one is destroyed, and nothing is tried for a month`,
      async (world) => {
        const old = accountOf(world);
        world.meddle = (request) => (isKeyChange(request) ? response : null);
        const from = eventCount(world.state.store);
        world.clock.advance(31 * DAY);
        await world.renew();
        const { keyHandle, nextKey, rolloverCode } = accountOf(world);
        assert.deepEqual([keyHandle, nextKey, rolloverCode], [old.keyHandle, null, code]);
        assert.deepEqual(eventTypes(world.state.store, 'ca', from), [
          'account.rollover-started',
          'account.rollover-failed',
          'key.destroyed',
        ]);
        await assertWhole(world);
        world.meddle = (request) => (isKeyChange(request) ? assert.fail('it was asked') : null);
        world.clock.advance(29 * DAY);
        await world.renew([], { force: true });
        world.meddle = () => null;
        world.clock.advance(2 * DAY);
        await world.renew();
        assert.notEqual(accountOf(world).keyHandle, old.keyHandle);
        assert.equal(accountOf(world).rolloverCode, null);
        await assertWhole(world);
      },
      ', accountKeyRolloverDays: 30',
    );
  }

  test('names no place for it: nothing is asked', async (world) => {
    world.onResponse = (request, response) => {
      if (!request.url.endsWith('/dir')) return response;
      const { keyChange, ...directory } = JSON.parse(Buffer.from(response.body).toString()) as Record<string, unknown>;
      assert.ok(keyChange !== undefined);
      return { ...response, body: Buffer.from(JSON.stringify(directory)) };
    };
    const { keyHandle } = accountOf(world);
    const from = eventCount(world.state.store);
    await assert.rejects(rollOver(world), coded('ACME_NOT_OFFERED'));
    assert.equal(accountOf(world).keyHandle, keyHandle);
    assert.equal(accountOf(world).rolloverCode, 'ACME_NOT_OFFERED');
    // No key was made and nothing was begun: the log does not say so.
    assert.deepEqual(eventTypes(world.state.store, 'ca', from), ['account.rollover-failed']);
    await world.renew([], { force: true });
    await assertWhole(world);
  });
});

describe('a key change whose outcome nobody told', () => {
  test('and that was made: the next run finds out and goes on with the new key', async (world) => {
    const old = accountOf(world);
    world.onResponse = (request, response) =>
      isKeyChange(request) ? problemResponse(500, 'serverInternal') : response;
    await assert.rejects(rollOver(world), coded('ACME_PROBLEM'));
    const between = accountOf(world);
    assert.equal(between.keyHandle, old.keyHandle);
    assert.notEqual(between.nextKey, null);
    assert.ok(keyHandles(world.state.store).includes(old.keyHandle));
    world.onResponse = (_, response) => response;
    await world.renew([], { force: true });
    assert.equal(world.show('shop').issued.length, 2);
    assert.equal(accountOf(world).keyHandle, between.nextKey);
    assert.deepEqual(eventTypes(world.state.store, 'ca').slice(2), [
      'account.rollover-started',
      'account.rollover-failed',
      'account.key-changed',
      'key.destroyed',
    ]);
    await assertWhole(world);
  });

  test('and that was not made: renewals go on with the old key, and the change is made later', async (world) => {
    const old = accountOf(world);
    world.meddle = (request) => (isKeyChange(request) ? problemResponse(500, 'serverInternal') : null);
    await assert.rejects(rollOver(world), coded('ACME_PROBLEM'));
    const { nextKey } = accountOf(world);
    await world.renew([], { force: true });
    assert.equal(world.show('shop').issued.length, 2);
    assert.deepEqual([accountOf(world).keyHandle, accountOf(world).nextKey], [old.keyHandle, nextKey]);
    world.meddle = () => null;
    world.clock.advance(DAY);
    await world.renew();
    assert.equal(accountOf(world).keyHandle, nextKey);
    await assertWhole(world);
  });

  test('and a CA that does not know the new key yet: neither key is destroyed until it does', async (world) => {
    const old = accountOf(world);
    let known = false;
    world.meddle = (request) =>
      (isLookUp(request) || isShow(request)) && !known ? problemResponse(400, 'accountDoesNotExist') : null;
    await assert.rejects(rollOver(world), coded('ACME_KEY_CHANGE_FAILED'));
    const { nextKey } = accountOf(world);
    assert.ok(nextKey !== null);
    for (const key of [nextKey, old.keyHandle]) assert.ok(keyHandles(world.state.store).includes(key));
    known = true;
    world.clock.advance(DAY);
    await world.renew();
    assert.equal(accountOf(world).keyHandle, nextKey);
    await assertWhole(world);
  });
});
