import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAcmeClient } from '../../../src/acme/client.ts';
import { AcmeProblemError } from '../../../src/acme/messages/problem.ts';
import { parseIdentifier } from '../../../src/pki/x509/names.ts';
import { newSigner } from '../jose/signers.ts';
import {
  coded,
  directoryObject,
  directoryUrl,
  type FakeAnswer,
  fakeTransport,
  jwsOf,
  noRandom,
  testClock,
} from '../support.ts';

// The order stays pending whatever happens: what becomes of it is in its authorizations and challenges alone.

const unreachable = { type: 'urn:ietf:params:acme:error:connection', detail: 'cannot reach it' };

type Json = Record<string, unknown>;

interface Ca {
  /** How the challenge of a name is shown in its authorization; `told`: how often it was answered. */
  readonly challenge?: (index: number, told: number) => Json;
  readonly authorization?: (index: number, told: number) => Json;
  /** What comes back for an answer; the challenge by default. */
  readonly answer?: (index: number, told: number) => FakeAnswer;
}

/** A CA with an order for so many names. */
function validating(count: number, { challenge = () => ({}), authorization = () => ({}), answer }: Ca) {
  const identifiers = Array.from({ length: count }, (_, index) => parseIdentifier(`n${index}.test`));
  const told = new Map<number, number>();
  const at: number[] = [];
  const clock = testClock();
  const shown = (index: number): Json => ({
    type: 'http-01',
    status: 'pending',
    url: `https://ca.test/chall/${index}`,
    token: 'A'.repeat(22),
    ...challenge(index, told.get(index) ?? 0),
  });
  const answerOf = (url: string): FakeAnswer => {
    const index = Number(url.split('/').at(-1));
    if (url.includes('/chall/')) {
      told.set(index, (told.get(index) ?? 0) + 1);
      at.push(clock.now());
      return answer?.(index, told.get(index) ?? 0) ?? { body: shown(index) };
    }
    if (url.includes('/authz/')) {
      const object = { status: 'pending', identifier: identifiers[index], challenges: [shown(index)] };
      return { body: { ...object, ...authorization(index, told.get(index) ?? 0) } };
    }
    const authorizations = identifiers.map((_, number) => `https://ca.test/authz/${number}`);
    return { body: { status: 'pending', identifiers, authorizations, finalize: 'https://ca.test/finalize' } };
  };
  let nonces = 0;
  const transport = fakeTransport(({ url }) => {
    if (url === directoryUrl) return { body: directoryObject() };
    const made: FakeAnswer = url.endsWith('/nonce') ? { status: 204 } : answerOf(url);
    return { ...made, headers: { 'replay-nonce': `n${(nonces += 1)}`, ...made.headers } };
  });
  const client = createAcmeClient({
    directoryUrl,
    transport,
    clock,
    random: noRandom,
    userAgent: 'x',
    signer: newSigner(),
    accountUrl: 'https://ca.test/acct/1',
  });
  const seen: string[] = [];
  const challenges = identifiers.map(({ value }, index) => ({
    authorizationUrl: `https://ca.test/authz/${index}`,
    challengeUrl: `https://ca.test/chall/${index}`,
    name: value,
    pending: true,
  }));
  return {
    clock,
    seen,
    /** When challenges were answered. */
    at,
    looks: () => transport.requests.filter(({ url }) => url.includes('/authz/')).length,
    answers: () => transport.requests.filter(({ url }) => url.includes('/chall/')).map(jwsOf),
    validate: (only = challenges) =>
      client.validateOrder('https://ca.test/order/1', only, {
        identifiers,
        failing: async (name, { detail }) => void seen.push(`${name}: ${detail}`),
      }),
    challenges,
  };
}

/** The failure that a validation ends with. */
async function failure(work: Promise<unknown>): Promise<AcmeProblemError> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof AcmeProblemError, String(error));
  return error;
}

test('challenges that come back invalid end it at once, with all their names', async () => {
  const ca = validating(5, {
    challenge: (index) => (index % 2 === 1 ? { status: 'invalid', error: unreachable } : {}),
  });
  const error = await failure(ca.validate());
  assert.equal(error.code, 'ACME_AUTHORIZATION_INVALID');
  assert.deepEqual(error.facts.names, ['n1.test', 'n3.test']);
  assert.equal(error.problem.detail, unreachable.detail);
  assert.deepEqual([ca.looks(), ca.answers().length], [0, 5]);
});

test('one of many that fails later is found within seconds, and few are looked at in one round', async () => {
  const ca = validating(30, {
    challenge: (index, told) => (index === 29 && told > 0 ? { status: 'invalid' } : {}),
    answer: (index) => ({ body: { type: 'http-01', status: 'processing', url: `https://ca.test/chall/${index}` } }),
  });
  const begun = ca.clock.now();
  const error = await failure(ca.validate());
  assert.deepEqual([error.code, error.facts.names], ['ACME_AUTHORIZATION_INVALID', ['n29.test']]);
  assert.ok(ca.clock.now() - begun < 30_000);
  assert.ok(ca.looks() <= 32);
});

test('an authorization that ends while its order stays pending', async () => {
  for (const status of ['invalid', 'expired', 'revoked', 'deactivated']) {
    const ca = validating(1, { authorization: () => ({ status, challenges: null }) });
    const error = await failure(ca.validate());
    assert.deepEqual([error.code, error.facts.names], ['ACME_AUTHORIZATION_INVALID', ['n0.test']]);
    assert.match(error.message, new RegExp(status));
  }
});

test('an error is told once, the answer repeated three times, and the failure has what the CA saw', async () => {
  const ca = validating(2, { challenge: (index) => (index === 0 ? { error: unreachable } : {}) });
  const error = await failure(ca.validate());
  assert.equal(error.code, 'ACME_WAIT_TIMEOUT');
  assert.deepEqual(error.facts.names, ['n0.test']);
  assert.match(error.message, /connection: cannot reach it/);
  assert.deepEqual(ca.seen, ['n0.test: cannot reach it']);
  // Nothing is wrong with the other one.
  assert.equal(ca.answers().length, 5);
  const [first = 0, , second = 0, third = 0, fourth = 0] = ca.at;
  assert.ok(second - first >= 15_000 && third - second >= 30_000 && fourth - third >= 60_000);
});

test('the answer is not repeated before Retry-After', async () => {
  const ca = validating(1, {
    challenge: () => ({ error: unreachable }),
    answer: (index) => ({
      headers: { 'retry-after': '100' },
      body: { type: 'http-01', status: 'pending', url: `https://ca.test/chall/${index}`, error: unreachable },
    }),
  });
  await failure(ca.validate());
  const [first = 0, second = 0, ...more] = ca.at;
  assert.ok(second - first >= 100_000);
  assert.deepEqual(more, []);
});

test('a CA that takes no repetition is waited for all the same; one that then says invalid has looked', async () => {
  const refusing = validating(1, {
    challenge: () => ({ error: unreachable }),
    answer: (_, told) =>
      told === 1
        ? { body: { type: 'http-01', status: 'pending', error: unreachable } }
        : {
            status: 400,
            headers: { 'content-type': 'application/problem+json' },
            body: { type: 'urn:ietf:params:acme:error:malformed' },
          },
  });
  assert.equal((await failure(refusing.validate())).code, 'ACME_WAIT_TIMEOUT');
  assert.equal(refusing.answers().length, 4);
  const looking = validating(1, {
    challenge: (_, told) => ({ status: told > 1 ? 'invalid' : 'pending', error: unreachable }),
  });
  assert.equal((await failure(looking.validate())).code, 'ACME_AUTHORIZATION_INVALID');
  assert.equal(looking.answers().length, 2);
});

test('what was answered before is waited for, and not answered again', async () => {
  const ca = validating(1, { challenge: () => ({ status: 'processing' }) });
  await assert.rejects(
    ca.validate(ca.challenges.map((one) => ({ ...one, pending: false }))),
    coded('ACME_WAIT_TIMEOUT'),
  );
  assert.deepEqual([ca.answers(), ca.seen], [[], []]);
  assert.ok(ca.looks() > 0);
});
