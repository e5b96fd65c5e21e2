import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { EverbindError } from '../../../../src/errors/error.ts';
import type { HttpRequest, HttpResponse } from '../../../../src/ports/transport.ts';
import { ends, failed, OBTAINED, renewed } from '../../support/obtain-judge.ts';
import { eventsOf, eventTypes, keyHandles } from '../../support/obtain-rows.ts';
import { obtainSuite } from '../../support/obtain-suite.ts';
import { problemResponse, type World } from '../../support/obtain-world.ts';

// What CAs have been seen to answer beside the RFC: each ends in one order and one certificate, or in the CA's own
// reason.

const suite = obtainSuite({ reuseAuthorizationsPercent: 100 });
const { test } = suite;

let worlds = 0;
/** A name that no other test has validated. */
const freshName = (): string => `shop${(worlds += 1)}.quirk.test`;

const certificate = (...names: readonly string[]): string =>
  `[{ name: shop, names: [${names.join(', ')}], deployments: [] }]`;

type Json = Record<string, unknown>;
type Change = (object: Json, request: HttpRequest) => Json;

/** The response of the CA with another JSON object. */
function changed(response: HttpResponse, change: (object: Json) => Json): HttpResponse {
  const { 'content-length': _, ...headers } = response.headers;
  const body = Buffer.from(JSON.stringify(change(JSON.parse(Buffer.from(response.body).toString()) as Json)));
  return { ...response, headers, body };
}

/** Changes what the CA answers at these paths of Pebble. */
function answering(world: World, changes: Readonly<Record<string, Change>>): { readonly count: () => number } {
  let count = 0;
  world.onResponse = (request, response) => {
    const [, change] = Object.entries(changes).find(([path]) => new URL(request.url).pathname.startsWith(path)) ?? [];
    if (change === undefined || response.status >= 300) return response;
    return changed(response, (object) => {
      const made = change(object, request);
      if (made !== object) count += 1;
      return made;
    });
  };
  return { count: () => count };
}

/** A certificate for this name is obtained with one order. */
async function obtained(world: World, names: readonly string[] = [freshName()]): Promise<void> {
  await world.apply(certificate(...names));
  await renewed(world);
  assert.equal(world.orders.length, 1);
  assert.equal(world.show('shop').issued.length, 1);
}

const order = ['/order-plz', '/my-order/', '/finalize-order/'];
const atOrders = (change: Change): Readonly<Record<string, Change>> =>
  Object.fromEntries(order.map((path) => [path, change]));

describe('members that a state does not need', () => {
  const withoutToken = (challenges: unknown): unknown =>
    (challenges as readonly Json[]).map((challenge) => ({ ...challenge, token: undefined }));
  const VALID: Readonly<Record<string, Change>> = {
    'no challenges': (authorization) => ({ ...authorization, challenges: undefined }),
    'challenges null': (authorization) => ({ ...authorization, challenges: null }),
    'an empty list of challenges': (authorization) => ({ ...authorization, challenges: [] }),
    'challenges without token': (authorization) => ({
      ...authorization,
      challenges: withoutToken(authorization['challenges']),
    }),
  };
  for (const [what, change] of Object.entries(VALID)) {
    test(`a valid authorization with ${what} (nginx/nginx-acme#81)`, async (world) => {
      const [known, other] = [freshName(), freshName()];
      await world.apply(certificate(known));
      await renewed(world);
      // The CA reuses what is valid: one is, the other is not.
      const quirk = answering(world, {
        '/authZ/': (object, request) => (object['status'] === 'valid' ? change(object, request) : object),
      });
      await world.apply(certificate(known, other));
      await renewed(world);
      assert.ok(quirk.count() > 0);
      assert.deepEqual(ends(world, 'shop'), ['renewed', 'renewed']);
      assert.equal(world.orders.length, 2);
    });
  }

  test('a ready order with authorizations null (cert-manager/cert-manager#2700)', async (world) => {
    const quirk = answering(
      world,
      atOrders((object) => (object['status'] === 'ready' ? { ...object, authorizations: null } : object)),
    );
    await obtained(world);
    assert.ok(quirk.count() > 0);
  });

  test("a vendor's challenges beside ours (acme.sh#4150)", async (world) => {
    const quirk = answering(world, {
      '/authZ/': (object) => ({
        ...object,
        challenges: [
          { type: 'vendor-01', status: 'pending', url: 'https://127.0.0.1/x', token: 'a.b' },
          { type: 'vendor-02', status: 'pending' },
          { type: 'tls-alpn-01', status: 'pending', url: 'https://127.0.0.1/x', token: 'short' },
          ...(object['challenges'] as readonly Json[]).filter(({ type }) => type !== 'tls-alpn-01'),
        ],
      }),
    });
    await obtained(world);
    assert.ok(quirk.count() > 0);
  });

  test('times in other spellings, odd metadata, no address of orders (vacp2p/nim-libp2p#2975)', async (world) => {
    const quirk = answering(world, {
      ...atOrders((object) => ({ ...object, expires: '2027-01-01 00:00:00', notBefore: 'soon', replaces: 7 })),
      '/authZ/': (object) => ({ ...object, expires: '2027-01-01T00:00:00+0000', wildcard: 'no' }),
      '/dir': (object) => ({
        ...object,
        keyChange: '',
        meta: { ...(object['meta'] as Json), caaIdentities: 'pebble.test', profiles: ['a'], website: 7 },
      }),
      '/sign-me-up': (object) => ({ ...object, orders: '', contact: null }),
    });
    await obtained(world);
    assert.ok(quirk.count() > 3);
  });

  test('text between the blocks of the chain (certbot/certbot#6321)', async (world) => {
    world.onResponse = ({ url }, response) => {
      if (!url.includes('/certZ/')) return response;
      const text = Buffer.from(response.body)
        .toString()
        .replaceAll('-----BEGIN', 'subject=CN = shop\nissuer=CN = Pebble\n-----BEGIN');
      return { ...response, body: Buffer.from(text) };
    };
    await obtained(world);
  });
});

describe('a CA that does not know what it has just made (go-acme/lego#2518, #674)', () => {
  for (const path of ['/my-order/', '/authZ/', '/chalZ/', '/finalize-order/', '/certZ/']) {
    test(`once, at ${path}: the same order is finished in the same attempt`, async (world) => {
      let asked = 0;
      world.meddle = ({ url }) => (url.includes(path) && (asked += 1) === 1 ? problemResponse(404, 'malformed') : null);
      await obtained(world);
      assert.ok(asked > 1);
      assert.deepEqual(eventTypes(world.state.store, 'shop'), [
        'certificate.declared',
        ...OBTAINED,
        'renewal.committed',
      ]);
    });

    test(`for minutes, at ${path}: the next attempt goes on with order and key`, async (world) => {
      await world.apply(certificate(freshName()));
      world.meddle = ({ url }) => (url.includes(path) ? problemResponse(404, 'malformed') : null);
      const begun = world.clock.now();
      const { code, nextAttempt } = await failed(world);
      assert.equal(code, 'ACME_OBJECT_UNKNOWN');
      assert.ok(world.clock.now() - begun >= 60_000);
      const keys = keyHandles(world.state.store);
      world.clock.moveTo(nextAttempt);
      const again = await failed(world);
      assert.equal(again.code, 'ACME_OBJECT_UNKNOWN');
      world.meddle = () => null;
      world.clock.moveTo(again.nextAttempt);
      await renewed(world);
      assert.equal(world.orders.length, 1);
      assert.deepEqual(ends(world, 'shop'), ['renewed']);
      assert.deepEqual(keyHandles(world.state.store), keys);
    });
  }
});

describe('a challenge that fails alone', () => {
  const wrong = { type: 'urn:ietf:params:acme:error:unauthorized', detail: 'not what was expected' };
  const ofChallenge = (object: Json, changes: Json): Json => ({ ...object, ...changes });

  test('in the response to ours: the attempt ends at once with the reason, the next one orders anew', async (world) => {
    await world.apply(certificate(freshName()));
    let answered = 0;
    world.meddle = ({ url }) => {
      if (!url.includes('/chalZ/')) return null;
      answered += 1;
      const body = { type: 'http-01', status: 'invalid', url, token: 'A'.repeat(43), error: wrong };
      return {
        status: 200,
        headers: { 'content-type': ['application/json'] },
        body: Buffer.from(JSON.stringify(body)),
      };
    };
    const begun = world.clock.now();
    const { code, message, nextAttempt } = await failed(world);
    assert.equal(code, 'ACME_AUTHORIZATION_INVALID');
    assert.match(message, /unauthorized: not what was expected/);
    assert.ok(world.clock.now() - begun < 10_000);
    assert.equal(answered, 1);
    assert.deepEqual(ends(world, 'shop'), ['failed']);
    world.meddle = () => null;
    world.clock.moveTo(nextAttempt);
    await renewed(world);
    assert.equal(world.orders.length, 2);
    assert.deepEqual(ends(world, 'shop'), ['failed', 'renewed']);
  });

  for (const when of ['while it is waited for', 'before an attempt that goes on']) {
    test(`${when}: authorization and order stay pending, and it is not answered again`, async (world) => {
      await world.apply(certificate(freshName()));
      let answered = 0;
      let isInvalid = false;
      const begin = (): void => {
        world.meddle = ({ url }) => {
          if (!url.includes('/chalZ/')) return null;
          answered += 1;
          isInvalid = true;
          const body = { type: 'http-01', status: 'processing', url };
          return {
            status: 200,
            headers: { 'content-type': ['application/json'] },
            body: Buffer.from(JSON.stringify(body)),
          };
        };
      };
      answering(world, {
        '/authZ/': (object) =>
          isInvalid
            ? {
                ...object,
                challenges: (object['challenges'] as readonly Json[]).map((challenge) =>
                  challenge['type'] === 'http-01'
                    ? ofChallenge(challenge, { status: 'invalid', error: wrong })
                    : challenge,
                ),
              }
            : object,
      });
      begin();
      if (when !== 'while it is waited for') {
        world.onPresent = () => {
          throw new EverbindError('CHALLENGE_PRESENT_FAILED', 'not now for the test');
        };
        world.clock.moveTo((await failed(world)).nextAttempt);
        world.onPresent = () => {};
        isInvalid = true;
      }
      const { code, message, nextAttempt } = await failed(world);
      assert.equal(code, 'ACME_AUTHORIZATION_INVALID');
      assert.match(message, /unauthorized: not what was expected/);
      assert.equal(answered, when === 'while it is waited for' ? 1 : 0);
      isInvalid = false;
      world.meddle = () => null;
      world.clock.moveTo(nextAttempt);
      await renewed(world);
      assert.equal(world.orders.length, 2);
      assert.deepEqual(ends(world, 'shop'), ['failed', 'renewed']);
    });
  }
});

describe('a challenge that the CA tries again (RFC 8555 section 8.2)', () => {
  const unreachable = { type: 'urn:ietf:params:acme:error:connection', detail: 'cannot reach it' };

  /** The first so many responses to a challenge find the name out of reach, as a CA does that looks at once. */
  function outOfReach(world: World, times: number): { readonly answers: () => number } {
    let answers = 0;
    const body = (url: string): HttpResponse => ({
      status: 200,
      headers: { 'content-type': ['application/json'] },
      body: Buffer.from(JSON.stringify({ type: 'http-01', status: 'pending', url, error: unreachable })),
    });
    world.meddle = ({ url }) => {
      if (!url.includes('/chalZ/')) return null;
      answers += 1;
      return answers <= times ? body(url) : null;
    };
    answering(world, {
      '/authZ/': (object) =>
        answers > 0 && answers <= times
          ? {
              ...object,
              challenges: (object['challenges'] as readonly Json[]).map((challenge) =>
                challenge['type'] === 'http-01' ? { ...challenge, error: unreachable } : challenge,
              ),
            }
          : object,
    });
    return { answers: () => answers };
  }

  test('is answered again, and the log says what the CA saw meanwhile', async (world) => {
    const name = freshName();
    const { answers } = outOfReach(world, 2);
    const steps: string[] = [];
    world.onProgress = ({ step }) => steps.push(step);
    await obtained(world, [name]);
    assert.equal(answers(), 3);
    const seen = eventsOf(world.state.store, 'shop').filter(({ type }) => type === 'challenge.failing');
    assert.deepEqual(
      seen.map(({ data }) => [data['name'], data['problem'], data['detail']]),
      [[name, 'connection', 'cannot reach it']],
    );
    assert.ok(steps.includes('challenge.failing'));
  });

  test('and never validates: the failure has the reason, the order is kept, the answers are few', async (world) => {
    const name = freshName();
    await world.apply(certificate(name));
    const { answers } = outOfReach(world, 1000);
    world.firewallDoubt = 'a wall of fire stands before it';
    const { code, message, nextAttempt } = await failed(world);
    assert.equal(code, 'ACME_WAIT_TIMEOUT');
    assert.match(message, /connection: cannot reach it.*not finish.*wall of fire/s);
    assert.equal(answers(), 4);
    const attempt = eventsOf(world.state.store, 'shop').find(({ type }) => type === 'renewal.attempt-failed');
    assert.equal(attempt?.data['problem'], unreachable.type);
    assert.equal(world.show('shop').openStep, 'ordered');
    world.meddle = () => null;
    world.onResponse = (_, response) => response;
    world.clock.moveTo(nextAttempt);
    await renewed(world);
    assert.equal(world.orders.length, 1);
    assert.deepEqual(ends(world, 'shop'), ['renewed']);
  });
});

describe('several challenges for a name', () => {
  const several = (name: string): string =>
    `[{ name: shop, names: [${name}], deployments: [], challenge: { type: auto, of: [{ type: http-01 }, { type: tls-alpn-01 }] } }]`;
  const chosen = (world: World): readonly unknown[] =>
    eventsOf(world.state.store, 'shop')
      .filter(({ type }) => type === 'challenge.chosen')
      .map(({ data }) => data['challenge']);

  test('one that the CA tries in vain makes room for the other, with the same order', async (world) => {
    await world.apply(several(freshName()));
    const error = { type: 'urn:ietf:params:acme:error:connection', detail: 'cannot reach it' };
    world.meddle = ({ url }) => {
      if (!url.includes('/chalZ/')) return null;
      const body = Buffer.from(JSON.stringify({ type: 'http-01', status: 'pending', url, error }));
      return { status: 200, headers: { 'content-type': ['application/json'] }, body };
    };
    const { code, nextAttempt } = await failed(world);
    assert.equal(code, 'ACME_WAIT_TIMEOUT');
    world.clock.moveTo(nextAttempt);
    await failed(world);
    assert.deepEqual(chosen(world), ['http-01', 'tls-alpn-01']);
    assert.equal(world.orders.length, 1);
  });

  test('one that the CA names wrongly is passed over', async (world) => {
    await world.apply(several(freshName()));
    answering(world, {
      '/authZ/': (object) => ({
        ...object,
        challenges: (object['challenges'] as readonly Json[]).map((challenge) =>
          challenge['type'] === 'tls-alpn-01' ? { ...challenge, token: '../../web.config' } : challenge,
        ),
      }),
    });
    await renewed(world);
    assert.equal(world.orders.length, 1);
  });
});

describe('the hosts of a CA', () => {
  test('an order that leads to another host: nothing is sent there', async (world) => {
    await world.apply(certificate(freshName()));
    const asked = new Set<string>();
    world.meddle = ({ url }) => {
      asked.add(new URL(url).host);
      return null;
    };
    answering(
      world,
      atOrders((object) => ({ ...object, authorizations: ['https://other-ca.test/authz/1'] })),
    );
    const { code } = await failed(world);
    assert.equal(code, 'ACME_FOREIGN_URL');
    assert.equal(asked.size, 1);
  });
});

describe('the log says what was sent', () => {
  const requested = (world: World): readonly unknown[] =>
    eventsOf(world.state.store, 'shop')
      .filter(({ type }) => type === 'order.requested')
      .map(({ data }) => [data['replaces'] !== null, data['profile']]);

  test('replaces, only to a CA that has renewal information', async (world) => {
    const name = freshName();
    await obtained(world, [name]);
    await world.renew([], { force: true });
    assert.deepEqual(requested(world), [
      [false, null],
      [true, null],
    ]);
    // The directory is kept for an hour, by each run for itself.
    answering(world, { '/dir': (directory) => ({ ...directory, renewalInfo: undefined }) });
    await world.renew([], { force: true });
    assert.deepEqual(requested(world).at(-1), [false, null]);
    assert.equal(world.orders.length, 3);
  });

  test('no order, when the profile is not offered', async (world) => {
    await world.apply(certificate(freshName()), { issuer: ', profile: nowhere' });
    assert.equal((await failed(world)).code, 'ACME_NOT_OFFERED');
    assert.deepEqual(requested(world), []);
    assert.equal(world.orders.length, 0);
  });
});
