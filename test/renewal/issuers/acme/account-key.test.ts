import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import type { HttpRequest, HttpResponse } from '../../../../src/ports/transport.ts';
import { type AccountRow, listAccounts } from '../../../../src/renewal/state/account-table.ts';
import { newSigner } from '../../../acme/jose/signers.ts';
import { ends, renewed } from '../../support/obtain-judge.ts';
import { eventCount, eventsOf, eventTypes, keyHandles } from '../../support/obtain-rows.ts';
import { obtainSuite } from '../../support/obtain-suite.ts';
import { problemResponse, type World } from '../../support/obtain-world.ts';

// Which key the CA knows our account by is asked in more than one way, since CAs refuse some of them; and an account
// whose key the CA does not accept (a state folder restored from before a key change) makes room for another one.

const DAY = 86_400_000;
const HMAC = randomBytes(32).toString('base64url');
const BOUND = ', externalAccountBinding: { keyId: kid-1, hmacKey: "secret:eab-hmac" }';
const suite = obtainSuite({ alwaysValid: true, externalAccountKeys: { 'kid-1': HMAC } });

/** A world with a certificate in use and an account that is two days old. */
const test = (title: string, work: (world: World) => Promise<void>): void =>
  void it(title, { timeout: 60_000 }, () =>
    suite.withWorld(async (world) => {
      await world.state.secrets.setSecret('eab-hmac', HMAC);
      await world.apply('[{ name: shop, names: [shop.key.test], deployments: [] }]', {
        issuer: `${BOUND}, accountKeyRolloverDays: 0`,
      });
      await renewed(world);
      world.clock.advance(2 * DAY);
      await work(world);
    }),
  );

function accountOf({ state }: World): AccountRow {
  const [account] = state.store.read(listAccounts);
  assert.ok(account !== undefined);
  return account;
}

function payloadOf({ body }: HttpRequest): Readonly<Record<string, unknown>> {
  const text = Buffer.from((JSON.parse(String(body)) as { payload: string }).payload, 'base64url').toString();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

const isKeyChange = ({ url }: HttpRequest): boolean => url.endsWith('/rollover-account-key');
const isShow = ({ url }: HttpRequest): boolean => url.includes('/my-account/');
const isLookUp = (request: HttpRequest): boolean =>
  request.url.endsWith('/sign-me-up') && payloadOf(request)['onlyReturnExisting'] === true;

/** cert-manager#7388: a CA that wants the external account binding even to look an account up. */
const refusesLookUps = (request: HttpRequest): HttpResponse | null =>
  isLookUp(request) ? problemResponse(401, 'externalAccountRequired') : null;

function rollOver({ accounts }: World): ReturnType<World['accounts']['rollOver']> {
  return accounts.rollOver('ca', new AbortController().signal);
}

/** The next renewal works, with the account and the key that stand in the database. */
async function assertUsable(world: World): Promise<void> {
  const orders = world.orders.length;
  const { outcomes } = await world.renew(['shop'], { force: true });
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['renewed'],
    JSON.stringify(outcomes),
  );
  assert.equal(world.orders.length, orders + 1);
  world.meddle = () => null;
  assert.equal((await world.asAccount((client) => client.getAccount())).status, 'valid');
}

describe('at a CA that looks no account up, a key change', () => {
  test('that is made leaves a usable account', async (world) => {
    world.meddle = refusesLookUps;
    const old = accountOf(world);
    await rollOver(world);
    const { url, keyHandle, nextKey } = accountOf(world);
    assert.deepEqual([url, nextKey], [old.url, null]);
    assert.notEqual(keyHandle, old.keyHandle);
    await assertUsable(world);
  });

  test('whose response was lost is found to be made', async (world) => {
    world.meddle = refusesLookUps;
    world.onResponse = (request, response) =>
      isKeyChange(request) ? problemResponse(500, 'serverInternal') : response;
    const old = accountOf(world);
    await assert.rejects(rollOver(world));
    const { nextKey } = accountOf(world);
    assert.notEqual(nextKey, null);
    await assertUsable(world);
    const { url, keyHandle } = accountOf(world);
    assert.deepEqual([url, keyHandle], [old.url, nextKey]);
  });

  test('that was not made leaves the old key in use', async (world) => {
    world.meddle = (request) =>
      isKeyChange(request) ? problemResponse(500, 'serverInternal') : refusesLookUps(request);
    const old = accountOf(world);
    await assert.rejects(rollOver(world));
    world.meddle = refusesLookUps;
    await assertUsable(world);
    assert.equal(accountOf(world).keyHandle, old.keyHandle);
  });

  test('is found to be made when the CA does not show accounts either', async (world) => {
    world.meddle = (request) => (isShow(request) ? problemResponse(405, 'malformed') : refusesLookUps(request));
    const old = accountOf(world);
    await rollOver(world);
    assert.deepEqual([accountOf(world).url, accountOf(world).nextKey], [old.url, null]);
    await assertUsable(world);
  });

  for (const status of [405, 500]) {
    test(`whose response was lost, and accounts are answered ${status}: an order shows which key it is`, async (world) => {
      world.meddle = (request) => (isShow(request) ? problemResponse(status, 'malformed') : refusesLookUps(request));
      world.onResponse = (request, response) =>
        isKeyChange(request) ? problemResponse(500, 'serverInternal') : response;
      const old = accountOf(world);
      await assert.rejects(rollOver(world));
      const { nextKey } = accountOf(world);
      world.onResponse = (_, response) => response;
      const [outcome] = (await world.renew([], { force: true })).outcomes;
      assert.equal(outcome?.kind === 'failed' ? outcome.code : outcome?.kind, 'ACME_ACCOUNT_KEY_REFUSED');
      await assertUsable(world);
      assert.deepEqual([accountOf(world).url, accountOf(world).keyHandle], [old.url, nextKey]);
    });
  }
});

describe('a CA that shows no account and looks it up', () => {
  test('is asked by look-up after a key change', async (world) => {
    world.meddle = (request) => (isShow(request) ? problemResponse(405, 'malformed') : null);
    const old = accountOf(world);
    await rollOver(world);
    assert.notEqual(accountOf(world).keyHandle, old.keyHandle);
    await assertUsable(world);
  });
});

describe('a state folder from before a key change', () => {
  /** The account has another key at the CA, which this state folder does not know. */
  const outdated = async (world: World): Promise<AccountRow> => {
    const row = accountOf(world);
    await world.asAccount((client) => client.rolloverKey(newSigner()));
    return row;
  };
  /** What the CA says of a wrong signature has another type. */
  const saying =
    (status: number, type: string) =>
    (request: HttpRequest, response: HttpResponse): HttpResponse =>
      response.status < 400 || isLookUp(request) ? response : problemResponse(status, type);
  const ways: Readonly<Record<string, readonly [number, string]>> = {
    malformed: [400, 'malformed'],
    unauthorized: [401, 'unauthorized'],
    'a type of its own': [403, 'x-signature'],
  };
  for (const [what, [status, type]] of Object.entries(ways)) {
    for (const looksUp of [true, false]) {
      test(`refused as ${what}, ${looksUp ? 'looked up' : 'not looked up'}: another account, once`, async (world) => {
        const old = await outdated(world);
        const from = eventCount(world.state.store);
        world.onResponse = saying(status, type);
        if (!looksUp) world.meddle = refusesLookUps;
        const [outcome] = (await world.renew([], { force: true })).outcomes;
        assert.ok(outcome?.kind === 'failed', JSON.stringify(outcome));
        assert.equal(outcome.code, 'ACME_ACCOUNT_KEY_REFUSED');
        assert.match(outcome.action, /restored/);
        world.onResponse = (_, response) => response;
        world.clock.moveTo(outcome.nextAttempt);
        await renewed(world);
        const { url, keyHandle } = accountOf(world);
        assert.notEqual(url, old.url);
        assert.notEqual(keyHandle, old.keyHandle);
        assert.deepEqual(eventTypes(world.state.store, 'ca', from), [
          'account.key-refused',
          'account.started',
          'account.registered',
        ]);
        assert.deepEqual(ends(world, 'shop'), ['renewed', 'renewed']);
        await assertUsable(world);
      });
    }
  }

  test('refused as that of no account: the same key gets another account', async (world) => {
    const old = await outdated(world);
    world.onResponse = saying(400, 'accountDoesNotExist');
    const [outcome] = (await world.renew([], { force: true })).outcomes;
    assert.equal(outcome?.kind, 'failed');
    world.onResponse = (_, response) => response;
    await assertUsable(world);
    assert.notEqual(accountOf(world).url, old.url);
  });

  test('keeps its order: the search finds none, and the next attempt makes one', async (world) => {
    await outdated(world);
    await world.renew([], { force: true });
    assert.equal(world.show('shop').openStep, 'order-requested');
    await assertUsable(world);
    assert.equal(world.show('shop').openStep, null);
  });

  test('is not given a third account on one day', async (world) => {
    await outdated(world);
    await world.renew([], { force: true });
    await assertUsable(world);
    const second = await outdated(world);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const [outcome] = (await world.renew(['shop'], { force: true })).outcomes;
      assert.equal(outcome?.kind === 'failed' ? outcome.code : outcome?.kind, 'ACME_ACCOUNT_KEY_REFUSED');
    }
    assert.deepEqual(accountOf(world), second);
    world.clock.advance(DAY);
    await world.renew(['shop'], { force: true });
    await assertUsable(world);
  });

  test('whose account has another address now uses that', async (world) => {
    const { url } = accountOf(world);
    // The row is that of another account, whose key is not here.
    const stranger = await world.asAccount(async (client) => client.getAccount().then(() => `${url}-of-another`));
    await world.state.store.commit(({ db }) => void db.prepare('UPDATE account SET url = ?').run(stranger));
    world.onResponse = (request, response) =>
      response.status >= 400 && !isLookUp(request) ? problemResponse(401, 'unauthorized') : response;
    const [outcome] = (await world.renew([], { force: true })).outcomes;
    assert.equal(outcome?.kind === 'failed' ? outcome.code : outcome?.kind, 'ACME_ACCOUNT_KEY_REFUSED');
    await assertUsable(world);
    assert.equal(accountOf(world).url, url);
  });
});

describe('a key that the CA registers no more', () => {
  test('makes room for another one, once a day', async (world) => {
    const old = accountOf(world);
    await world.asAccount((client) => client.deactivateAccount());
    await world.state.store.commit(({ db }) => void db.prepare('UPDATE account SET url = NULL').run());
    const from = eventCount(world.state.store);
    world.onResponse = (request, response) =>
      request.url.endsWith('/sign-me-up') && accountKey(world) === old.keyHandle
        ? problemResponse(403, 'unauthorized')
        : response;
    const [outcome] = (await world.renew([], { force: true })).outcomes;
    assert.equal(outcome?.kind, 'failed');
    await assertUsable(world);
    assert.deepEqual(eventTypes(world.state.store, 'ca', from).slice(0, 3), [
      'account.key-refused',
      'account.started',
      'account.registered',
    ]);
    assert.ok(keyHandles(world.state.store).includes(old.keyHandle));
  });
});

function accountKey({ state }: World): unknown {
  return state.store.read((db) => db.prepare('SELECT key_handle FROM account').get()?.['key_handle']);
}

describe('a refusal that is not about the account', () => {
  test('leaves it alone, whatever its type', async (world) => {
    const old = accountOf(world);
    for (const type of ['malformed', 'unauthorized', 'rejectedIdentifier', 'x-own']) {
      world.meddle = ({ url }) => (url.endsWith('/order-plz') ? problemResponse(400, type) : null);
      const [outcome] = (await world.renew([], { force: true })).outcomes;
      assert.equal(outcome?.kind === 'failed' ? outcome.code : outcome?.kind, 'ACME_PROBLEM');
    }
    assert.deepEqual(accountOf(world), old);
    assert.deepEqual(
      eventsOf(world.state.store, 'ca').map(({ type }) => type),
      ['account.started', 'account.registered'],
    );
  });

  test('leaves it alone when the CA refuses to show it for a while and is then down', async (world) => {
    const old = accountOf(world);
    world.meddle = (request) => {
      if (request.url.endsWith('/order-plz') || isShow(request)) return problemResponse(403, 'unauthorized');
      if (isLookUp(request)) suite.front.offline();
      return null;
    };
    await world.renew([], { force: true }).finally(() => suite.front.online());
    assert.deepEqual(accountOf(world), old);
  });
});
