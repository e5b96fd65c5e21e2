import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { EverbindError } from '../../../../src/errors/error.ts';
import { parseCertificate } from '../../../../src/pki/x509/certificate.ts';
import { parsePemCertificates } from '../../../../src/pki/asn1/pem.ts';
import { listCertificates } from '../../../../src/overview/list-certificates.ts';
import { readOverview } from '../../../../src/overview/overview.ts';
import { readServer } from '../../support/file-server.ts';
import { ends, failed, OBTAINED, renewed } from '../../support/obtain-judge.ts';
import { eventCount, eventsOf, eventTypes, keyHandles, rowsOf, troubleOf } from '../../support/obtain-rows.ts';
import { obtainSuite } from '../../support/obtain-suite.ts';
import { problemResponse, type World } from '../../support/obtain-world.ts';
import { presentedTokens } from '../../support/token-folder.ts';

// From a declared certificate to an issued one, and what becomes of an attempt when the CA, the line to it, or the
// validation of a name fails.

const MINUTE = 60_000;
const HOUR = 3_600_000;

const suite = obtainSuite({ blockedDomains: ['blocked.test'] });
const { test } = suite;

const one = '[{ name: shop, names: [shop.obtain.test, www.shop.obtain.test], deployments: [] }]';

/** How the authorizations of the newest order stand at the CA, by name. */
function statusesAtCa(world: World): Promise<Readonly<Record<string, string>>> {
  return world.asAccount(async (client) => {
    const { order } = await client.getOrder(world.orders.at(-1) ?? '');
    const found = await Promise.all(order.authorizations.map((url) => client.getAuthorization(url)));
    return Object.fromEntries(found.map(({ authorization }) => [authorization.identifier.value, authorization.status]));
  });
}

describe('obtaining', () => {
  test('goes from nothing to a checked certificate, one event a step', async (world) => {
    await world.apply(one);
    await renewed(world);
    assert.deepEqual(eventTypes(world.state.store, 'shop'), ['certificate.declared', ...OBTAINED, 'renewal.committed']);
    assert.deepEqual(eventTypes(world.state.store, 'ca'), ['account.started', 'account.registered']);
    const { issued, renewals, openStep, certificate } = world.show('shop');
    assert.equal(issued.length, 1);
    assert.equal(issued[0]?.status, 'active');
    assert.equal(openStep, null);
    assert.deepEqual(troubleOf(certificate), { failures: 0, dueReason: 'lifetime', code: null });
    assert.deepEqual(
      renewals.map(({ outcome, step, orderUrl }) => ({ outcome, step, orderUrl })),
      [{ outcome: 'renewed', step: 'issued', orderUrl: world.orders[0] }],
    );
    assert.deepEqual(rowsOf(world.state.store, 'SELECT * FROM challenge_response'), []);
    assert.deepEqual(presentedTokens(`${world.folder}/tokens`), []);
    // Again at once there is nothing to do.
    assert.deepEqual(await world.renew(), { managed: 1, worked: 0, outcomes: [] });
  });

  test('makes a new key each time, or keeps the one in use where that is wished', async (world) => {
    await world.apply(`[
      { name: fresh, names: [fresh.obtain.test], deployments: [] },
      { name: kept, names: [kept.obtain.test], deployments: [], key: { reuse: true } },
    ]`);
    const keyOf = (name: string): { readonly handle: string; readonly spki: string } => {
      const [active] = world.show(name).issued;
      assert.ok(active?.status === 'active');
      const [leaf = new Uint8Array()] = parsePemCertificates(active.chain);
      return { handle: active.keyHandle, spki: Buffer.from(parseCertificate(leaf).spkiDer).toString('hex') };
    };
    await renewed(world);
    const [fresh, kept] = [keyOf('fresh'), keyOf('kept')];
    const from = eventCount(world.state.store);
    for (const outcome of (await world.renew([], { force: true })).outcomes) assert.equal(outcome.kind, 'renewed');
    assert.notEqual(keyOf('fresh').handle, fresh.handle);
    assert.notEqual(keyOf('fresh').spki, fresh.spki);
    assert.deepEqual(keyOf('kept'), kept);
    const types = (name: string): readonly string[] => eventTypes(world.state.store, name, from);
    assert.deepEqual(types('fresh'), [...OBTAINED, 'renewal.committed']);
    assert.deepEqual(types('kept'), [...OBTAINED.filter((type) => type !== 'key.generated'), 'renewal.committed']);
    // The account's, one of kept, two of fresh: the earlier one is there for rolling back.
    assert.equal(keyHandles(world.state.store).length, 4);
    // Another algorithm needs another key, whatever is wished.
    await world.apply(`[
      { name: fresh, names: [fresh.obtain.test], deployments: [] },
      { name: kept, names: [kept.obtain.test], deployments: [], key: { reuse: true, algorithm: ec-p384 } },
    ]`);
    await renewed(world);
    assert.notEqual(keyOf('kept').handle, kept.handle);
    assert.equal(world.show('kept').issued[0]?.algorithm, 'ec-p384');
  });

  test('one that fails does not stop the others', async (world) => {
    const names = ['a', 'blocked', 'c', 'wrong', 'e'];
    await world.apply(
      `[${names.map((name) => `{ name: ${name}, names: [${name === 'blocked' ? 'www.blocked.test' : `${name}.obtain.test`}], deployments: [] }`).join(', ')}]`,
      { top: 'engine: { concurrency: 2 }' },
    );
    world.rightResponse = (name) => name !== 'wrong.obtain.test';
    const { outcomes, managed, worked } = await world.renew();
    assert.deepEqual({ managed, worked }, { managed: 5, worked: 5 });
    assert.deepEqual(
      Object.fromEntries(
        outcomes.map((outcome) => [outcome.name, outcome.kind === 'failed' ? outcome.code : outcome.kind]),
      ),
      { a: 'renewed', blocked: 'ACME_PROBLEM', c: 'renewed', wrong: 'ACME_AUTHORIZATION_INVALID', e: 'renewed' },
    );
    assert.deepEqual(
      [...listCertificates(world.state.store)].map(({ name, active, failures }) => [name, active !== null, failures]),
      [
        ['a', true, 0],
        ['blocked', false, 1],
        ['c', true, 0],
        ['e', true, 0],
        ['wrong', false, 1],
      ],
    );
    const { failing, interrupted, neverIssued } = world.state.store.read((db) => readOverview(db, world.clock.now()));
    assert.deepEqual({ failing, interrupted, neverIssued }, { failing: 2, interrupted: 0, neverIssued: 2 });
    assert.deepEqual(eventTypes(world.state.store, 'blocked'), [
      'certificate.declared',
      ...OBTAINED.slice(0, 3),
      'renewal.attempt-failed',
      'renewal.failed',
    ]);
    assert.equal(world.orders.length, 4);
  });
});

describe('a name that cannot be validated', () => {
  test('because the CA cannot connect: the message has what is known of the firewall here', async (world) => {
    await world.apply('[{ name: shop, names: [far.obtain.test, near.obtain.test], deployments: [] }]');
    // Nothing listens there.
    await suite.pebble.challenge('add-a', { host: 'far.obtain.test.', addresses: ['127.0.0.99'] });
    world.firewallDoubt = 'a wall of fire stands before it';
    const { code, message } = await failed(world);
    assert.equal(code, 'ACME_AUTHORIZATION_INVALID');
    assert.match(message, /connection: .*127\.0\.0\.99.*\. a wall of fire stands before it$/);
    assert.equal(world.show('shop').certificate.lastError?.message, message);
  });

  test('for another reason: the message says nothing of the firewall', async (world) => {
    await world.apply(one);
    world.rightResponse = () => false;
    world.firewallDoubt = 'a wall of fire stands before it';
    const { message } = await failed(world);
    assert.match(message, /unauthorized/);
    assert.doesNotMatch(message, /wall/);
  });

  test('ends the order, gives the other authorizations up, and the next attempt makes a new one', async (world) => {
    await world.apply(one);
    world.rightResponse = (name) => name !== 'www.shop.obtain.test';
    const begun = world.clock.now();
    const { code, message, nextAttempt } = await failed(world);
    assert.equal(code, 'ACME_AUTHORIZATION_INVALID');
    assert.match(message, /unauthorized/);
    assert.ok(nextAttempt >= begun + 0.9 * MINUTE && nextAttempt <= world.clock.now() + 1.1 * MINUTE);
    assert.deepEqual(troubleOf(world.show('shop').certificate), { failures: 1, dueReason: 'retry', code });
    assert.deepEqual(ends(world, 'shop'), ['failed']);
    assert.deepEqual(eventTypes(world.state.store, 'shop'), [
      'certificate.declared',
      ...OBTAINED.slice(0, 4),
      'renewal.attempt-failed',
      'renewal.failed',
    ]);
    const attempt = eventsOf(world.state.store, 'shop').find(({ type }) => type === 'renewal.attempt-failed');
    assert.equal(attempt?.data['code'], code);
    assert.equal(attempt?.data['problem'], 'urn:ietf:params:acme:error:unauthorized');
    assert.equal(attempt?.data['step'], 'ordered');
    // At the CA nothing is left that would count against its limits. What was validated may stay so.
    const statuses = await statusesAtCa(world);
    assert.equal(statuses['www.shop.obtain.test'], 'invalid');
    assert.ok(['valid', 'deactivated'].includes(statuses['shop.obtain.test'] ?? ''));
    assert.deepEqual(presentedTokens(`${world.folder}/tokens`), []);
    assert.deepEqual(rowsOf(world.state.store, 'SELECT * FROM challenge_response'), []);

    world.rightResponse = () => true;
    assert.equal((await world.renew()).worked, 0);
    world.clock.moveTo(nextAttempt);
    const from = eventCount(world.state.store);
    await renewed(world);
    assert.equal(world.orders.length, 2);
    assert.deepEqual(ends(world, 'shop'), ['failed', 'renewed']);
    assert.deepEqual(troubleOf(world.show('shop').certificate), { failures: 0, dueReason: 'lifetime', code: null });
    // The key of the failed attempt is of no use any more.
    assert.deepEqual(eventTypes(world.state.store, 'shop', from), [...OBTAINED, 'renewal.committed', 'key.destroyed']);
    assert.equal(keyHandles(world.state.store).length, 2);
  });

  test('since this machine cannot respond: authorizations that nobody will respond to are abandoned', async (world) => {
    await world.apply(one);
    world.onPresent = (name) => {
      if (name === 'www.shop.obtain.test') throw new EverbindError('CHALLENGE_UNSUPPORTED', 'cannot for the test');
    };
    const { code } = await failed(world);
    assert.equal(code, 'CHALLENGE_UNSUPPORTED');
    assert.deepEqual(ends(world, 'shop'), ['failed']);
    assert.deepEqual(await statusesAtCa(world), {
      'shop.obtain.test': 'deactivated',
      'www.shop.obtain.test': 'deactivated',
    });
    assert.deepEqual(presentedTokens(`${world.folder}/tokens`), []);
    assert.deepEqual(rowsOf(world.state.store, 'SELECT * FROM challenge_response'), []);
    assert.deepEqual(eventTypes(world.state.store, 'shop').slice(-2), ['renewal.attempt-failed', 'renewal.failed']);
  });

  test('since the web server does not take the challenge response now: the order waits for the next attempt', async (world) => {
    await world.apply(one);
    world.onPresent = () => {
      throw new EverbindError('CHALLENGE_PRESENT_FAILED', 'not now for the test');
    };
    const { code, nextAttempt } = await failed(world);
    assert.equal(code, 'CHALLENGE_PRESENT_FAILED');
    assert.equal(world.show('shop').openStep, 'ordered');
    assert.deepEqual(await statusesAtCa(world), { 'shop.obtain.test': 'pending', 'www.shop.obtain.test': 'pending' });
    assert.deepEqual(presentedTokens(`${world.folder}/tokens`), []);
    world.onPresent = () => {};
    world.clock.moveTo(nextAttempt);
    await renewed(world);
    assert.equal(world.orders.length, 1);
    assert.deepEqual(ends(world, 'shop'), ['renewed']);
  });

  test('again and again waits 1, 4, 16 minutes, 1 and 3 hours, then every 6 hours', async (world) => {
    await world.apply('[{ name: shop, names: [shop.obtain.test], deployments: [] }]');
    world.rightResponse = () => false;
    for (const [index, minutes] of [1, 4, 16, 60, 180, 360, 360].entries()) {
      const { nextAttempt } = await failed(world);
      const wait = (nextAttempt - world.clock.now()) / MINUTE;
      // The clock goes on between the decision and this line.
      assert.ok(wait >= 0.9 * minutes - 0.1 && wait <= 1.1 * minutes + 0.1, `${wait} minutes`);
      assert.equal(world.show('shop').certificate.failures, index + 1);
      world.clock.moveTo(nextAttempt - 1000);
      assert.equal((await world.renew()).worked, 0);
      world.clock.moveTo(nextAttempt);
    }
    assert.equal(world.orders.length, 7);
  });
});

describe('a CA that limits the rate', () => {
  const limited = (seconds: number) => problemResponse(429, 'rateLimited', { 'retry-after': [String(seconds)] });

  test('before the order: the attempt stays open, the next one comes not before Retry-After', async (world) => {
    await world.apply(one);
    world.meddle = ({ url }) => (url.endsWith('/order-plz') ? limited(7200) : null);
    const { code, nextAttempt } = await failed(world);
    assert.equal(code, 'ACME_PROBLEM');
    assert.ok(nextAttempt >= world.clock.now() + 2 * HOUR - 5000);
    const { openStep, certificate, renewals } = world.show('shop');
    assert.equal(openStep, 'order-requested');
    assert.deepEqual(troubleOf(certificate), { failures: 1, dueReason: 'retry', code });
    world.clock.moveTo(nextAttempt - 5000);
    assert.equal((await world.renew()).worked, 0);
    world.meddle = () => null;
    world.clock.moveTo(nextAttempt);
    await renewed(world);
    assert.deepEqual(
      world.show('shop').renewals.map(({ id }) => id),
      [renewals[0]?.id],
    );
    assert.equal(world.orders.length, 1);
    assert.deepEqual(eventTypes(world.state.store, 'shop'), [
      'certificate.declared',
      ...OBTAINED.slice(0, 3),
      'renewal.attempt-failed',
      'renewal.resumed',
      'order.requested',
      ...OBTAINED.slice(3),
      'renewal.committed',
    ]);
  });

  test('after the order: it is kept with what was validated, and finished later', async (world) => {
    await world.apply(one);
    world.meddle = ({ url }) => (url.includes('/finalize-order/') ? limited(3600) : null);
    const { code, nextAttempt } = await failed(world);
    assert.equal(code, 'ACME_PROBLEM');
    assert.ok(nextAttempt >= world.clock.now() + HOUR - 5000);
    assert.equal(world.show('shop').openStep, 'authorized');
    const [order] = world.orders;
    assert.equal(world.show('shop').renewals[0]?.orderUrl, order);
    assert.equal(rowsOf(world.state.store, 'SELECT * FROM challenge_response').length, 0);
    world.meddle = () => null;
    world.clock.moveTo(nextAttempt);
    await renewed(world);
    assert.deepEqual(world.orders, [order]);
    assert.deepEqual(ends(world, 'shop'), ['renewed']);
    assert.deepEqual(eventTypes(world.state.store, 'shop'), [
      'certificate.declared',
      ...OBTAINED.slice(0, 5),
      'renewal.attempt-failed',
      'renewal.resumed',
      'certificate.issued',
      'renewal.committed',
    ]);
  });

  test('is obeyed for a week, whatever it asks for', async (world) => {
    await world.apply(one);
    world.meddle = ({ url }) => (url.endsWith('/order-plz') ? limited(30 * 86_400) : null);
    const { nextAttempt } = await failed(world);
    const days = (nextAttempt - world.clock.now()) / (24 * HOUR);
    assert.ok(days > 6.9 && days <= 7.7, `${days} days`);
  });
});

describe('a CA that is offline', () => {
  test('from the beginning: the attempt stays open and goes on later', async (world) => {
    await world.apply(one);
    suite.front.offline();
    let next = 0;
    try {
      const { code, nextAttempt } = await failed(world);
      assert.equal(code, 'ACME_TRANSPORT');
      next = nextAttempt;
    } finally {
      suite.front.online();
    }
    const { openStep, renewals, certificate } = world.show('shop');
    assert.equal(openStep, 'started');
    assert.deepEqual(troubleOf(certificate), { failures: 1, dueReason: 'retry', code: 'ACME_TRANSPORT' });
    world.clock.moveTo(next);
    await renewed(world);
    assert.deepEqual(
      world.show('shop').renewals.map(({ id, outcome }) => [id, outcome]),
      [[renewals[0]?.id, 'renewed']],
    );
    assert.deepEqual(eventTypes(world.state.store, 'ca'), ['account.started', 'account.registered']);
    assert.deepEqual(eventTypes(world.state.store, 'shop'), [
      'certificate.declared',
      'renewal.started',
      'renewal.attempt-failed',
      'renewal.resumed',
      ...OBTAINED.slice(1),
      'renewal.committed',
    ]);
    assert.equal(world.orders.length, 1);
  });

  // At every request in turn, from the directory to the certificate.
  for (const place of ['/order-plz', '/authZ/', '/chalZ/', '/my-order/', '/finalize-order/', '/certZ/']) {
    test(`from ${place} on: no second order, nothing visible is left`, async (world) => {
      await world.apply(one);
      world.meddle = ({ url }) => {
        if (url.includes(place)) suite.front.offline();
        return null;
      };
      let next = 0;
      try {
        const { code, nextAttempt } = await failed(world);
        assert.equal(code, 'ACME_TRANSPORT');
        next = nextAttempt;
      } finally {
        suite.front.online();
        world.meddle = () => null;
      }
      assert.notEqual(world.show('shop').openStep, null);
      assert.deepEqual(presentedTokens(`${world.folder}/tokens`), []);
      world.clock.moveTo(next);
      await renewed(world);
      assert.equal(world.orders.length, 1);
      assert.deepEqual(ends(world, 'shop'), ['renewed']);
      const types = eventTypes(world.state.store, 'shop');
      for (const type of ['key.generated', 'certificate.issued', 'renewal.committed', 'renewal.resumed']) {
        assert.equal(types.filter((seen) => seen === type).length, 1, `${type} in ${types.join()}`);
      }
      assert.equal(keyHandles(world.state.store).length, 2);
    });
  }

  test('an order whose response was lost is found again', async (world) => {
    await world.apply(one);
    world.onResponse = ({ url }, response) => {
      if (url.endsWith('/order-plz')) {
        suite.front.offline();
        return problemResponse(503, 'serverInternal');
      }
      return response;
    };
    const { nextAttempt } = await failed(world).finally(() => {
      suite.front.online();
      world.onResponse = (_, response) => response;
    });
    assert.equal(world.show('shop').openStep, 'order-requested');
    const [order] = world.orders;
    assert.notEqual(order, undefined);
    world.clock.moveTo(nextAttempt);
    await renewed(world);
    assert.deepEqual(world.orders, [order]);
    assert.ok(eventTypes(world.state.store, 'shop').includes('order.recovered'));
    assert.ok(!eventTypes(world.state.store, 'shop').includes('order.created'));
  });
});

describe('a certificate that is not what was ordered', () => {
  test('is installed nowhere, and the attempt ends', async (world) => {
    const certificates = '[{ name: first, names: [first.obtain.test] }, { name: second, names: [second.obtain.test] }]';
    await world.apply(certificates, { top: 'engine: { concurrency: 1 }' });
    let kept: Uint8Array | null = null;
    // The second one gets the certificate of the first.
    world.onResponse = ({ url }, response) => {
      if (!url.includes('/certZ/')) return response;
      kept ??= response.body;
      return { ...response, body: kept };
    };
    const { outcomes } = await world.renew();
    assert.deepEqual(
      outcomes.map((outcome) => [outcome.name, outcome.kind]),
      [
        ['first', 'renewed'],
        ['second', 'failed'],
      ],
    );
    const [outcome] = outcomes.filter(({ kind }) => kind === 'failed');
    assert.ok(outcome?.kind === 'failed');
    assert.equal(outcome.code, 'PKI_ISSUED_KEY_MISMATCH');
    assert.deepEqual(ends(world, 'second'), ['failed']);
    assert.deepEqual(world.show('second').issued, []);
    assert.deepEqual(Object.keys(readServer(world.folder).bound), ['first:443']);
    assert.equal(readServer(world.folder).installed.length, 1);
    assert.deepEqual(eventTypes(world.state.store, 'second'), [
      'certificate.declared',
      ...OBTAINED.slice(0, 5),
      'renewal.attempt-failed',
      'renewal.failed',
    ]);
    world.onResponse = (_, response) => response;
    world.clock.moveTo(outcome.nextAttempt);
    await renewed(world);
    assert.equal(world.orders.length, 3);
  });
});
