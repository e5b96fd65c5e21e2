import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLabCa } from '../../../lab/test-ca.ts';
import { type AcmeClient, createAcmeClient } from '../../../src/acme/client.ts';
import { AcmeProblemError } from '../../../src/acme/messages/problem.ts';
import { EverbindError, meaningOf } from '../../../src/errors/error.ts';
import { toPem } from '../../../src/pki/asn1/pem.ts';
import { parseIdentifier } from '../../../src/pki/x509/names.ts';
import type { HttpRequest } from '../../../src/ports/transport.ts';
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

const identifiers = [parseIdentifier('shop.test')];
const orderObject = {
  status: 'pending',
  identifiers,
  authorizations: ['https://ca.test/authz/1'],
  finalize: 'https://ca.test/finalize/1',
};
const created: FakeAnswer = { status: 201, headers: { location: 'https://ca.test/order/1' }, body: orderObject };

function problem(type: string, status = 400): FakeAnswer {
  return {
    status,
    headers: { 'content-type': 'application/problem+json' },
    body: { type: `urn:ietf:params:acme:error:${type}` },
  };
}

function clientWith(
  answer: (request: HttpRequest, count: number) => FakeAnswer,
  directory: Record<string, unknown> = {},
) {
  let posts = 0;
  const transport = fakeTransport((request) => {
    if (request.url === directoryUrl) return { body: directoryObject(directory) };
    if (request.url === 'https://ca.test/nonce') return { status: 204, headers: { 'replay-nonce': 'n0' } };
    if (request.method === 'POST') posts += 1;
    const made = answer(request, posts);
    return { ...made, headers: { 'replay-nonce': `n${posts}`, ...made.headers } };
  });
  const clock = testClock();
  const client = createAcmeClient({
    directoryUrl,
    transport,
    clock,
    random: noRandom,
    userAgent: 'x',
    signer: newSigner(),
    accountUrl: 'https://ca.test/acct/1',
  });
  return { client, clock, posts: () => transport.requests.filter(({ method }) => method === 'POST').map(jwsOf) };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test('terms and external account binding are asked for before anything is sent', async () => {
  const terms = clientWith(() => created, { meta: { termsOfService: 'https://ca.test/terms' } });
  await assert.rejects(terms.client.newAccount({}), coded('ACME_TERMS_REQUIRED'));
  await assert.rejects(terms.client.newAccount({}), /https:\/\/ca\.test\/terms/);
  const external = clientWith(() => created, { meta: { externalAccountRequired: true } });
  await assert.rejects(
    external.client.newAccount({ termsOfServiceAgreed: true }),
    coded('ACME_EXTERNAL_ACCOUNT_REQUIRED'),
  );
  assert.equal(terms.posts().length + external.posts().length, 0);
});

test('a profile is sent only when the CA lists it', async () => {
  const { client, posts } = clientWith(() => ({ ...created, body: { ...orderObject, profile: 'short' } }), {
    meta: { profiles: { short: 'six days' } },
  });
  await assert.rejects(client.newOrder({ identifiers, profile: 'long' }), coded('ACME_NOT_OFFERED'));
  assert.equal(posts().length, 0);
  assert.equal((await client.newOrder({ identifiers, profile: 'short' })).order.profile, 'short');
  const none = clientWith(() => created);
  await assert.rejects(none.client.newOrder({ identifiers, profile: 'short' }), coded('ACME_NOT_OFFERED'));
});

test('no record of dns-persist-01 lets an account at another host have certificates', async () => {
  const stranger = clientWith(() => ({
    body: { status: 'valid' },
    headers: { location: 'https://other-ca.test/acct/7' },
  }));
  await assert.rejects(stranger.client.newAccount({ onlyReturnExisting: true }), coded('ACME_FOREIGN_URL'));
  const { client } = clientWith(
    (_, count) => ({
      body: { status: 'valid' },
      headers: { location: count === 1 ? 'https://other-ca.test/acct/7' : 'https://ca.test/acct/1' },
    }),
    // Listed, so that it may name the account, and still not the CA's own.
    { newAccount: 'https://other-ca.test/account' },
  );
  await client.newAccount({ onlyReturnExisting: true });
  await assert.rejects(client.persistTerms('shop.test', ['other-ca.test']), coded('ACME_RESPONSE_INVALID'));
  await client.newAccount({ onlyReturnExisting: true });
  const { accountUris } = await client.persistTerms('shop.test', ['ca.test']);
  assert.deepEqual(accountUris, ['https://ca.test/acct/1']);
});

test('times are sent with whole seconds', async () => {
  const { client, posts } = clientWith(() => created);
  await client.newOrder({ identifiers, notBefore: Date.UTC(2027, 0, 1, 0, 0, 0, 999), notAfter: Date.UTC(2027, 1, 1) });
  assert.deepEqual(posts()[0]?.payload, {
    identifiers: [{ type: 'dns', value: 'shop.test' }],
    notBefore: '2027-01-01T00:00:00Z',
    notAfter: '2027-02-01T00:00:00Z',
  });
});

test('an order without Location, with two, or with a relative one', async () => {
  for (const location of [[], ['https://ca.test/1', 'https://ca.test/2']]) {
    const { client } = clientWith(() => ({ ...created, headers: { location } }));
    await assert.rejects(client.newOrder({ identifiers }), coded('ACME_RESPONSE_INVALID'));
  }
  const relative = clientWith(() => ({ ...created, headers: { location: '/order/7' } }));
  assert.equal((await relative.client.newOrder({ identifiers })).url, 'https://ca.test/order/7');
  const plain = clientWith(() => ({ ...created, headers: { location: 'http://ca.test/order/7' } }));
  await assert.rejects(plain.client.newOrder({ identifiers }), coded('ACME_INSECURE_URL'));
});

const ari = { renewalInfo: 'https://ca.test/ari' };

test('replaces: sent with renewalInfo only; refused, the order is made without it', async () => {
  const without = clientWith(() => created);
  await without.client.newOrder({ identifiers, replaces: 'a.b' });
  assert.deepEqual(without.posts()[0]?.payload, { identifiers: [{ type: 'dns', value: 'shop.test' }] });
  for (const refusal of [
    problem('alreadyReplaced', 409),
    problem('malformed'),
    problem('unauthorized', 403),
    problem('malformed', 404),
    problem('serverInternal', 500),
    problem('orderNotReady', 403),
    // The page of a gateway.
    { status: 400, headers: { 'content-type': 'text/html' }, body: {} },
    { status: 500, headers: { 'content-type': 'text/html' }, body: {} },
  ]) {
    const { client, posts } = clientWith((_request, count) => (count === 1 ? refusal : created), ari);
    const result = await client.newOrder({ identifiers, replaces: 'a.b' });
    const { type = 'about:blank' } = refusal.body as { readonly type?: string };
    assert.equal(result.replacesRefused?.type, type);
    assert.deepEqual(
      posts().map(({ payload }) => 'replaces' in (payload as object)),
      [true, false],
    );
  }
});

test('replaces: a refusal that is about something else is final', async () => {
  for (const refusal of [
    problem('rateLimited', 429),
    problem('serverInternal', 503),
    problem('rejectedIdentifier'),
    problem('accountDoesNotExist'),
    problem('invalidProfile'),
    problem('userActionRequired', 403),
  ]) {
    const { client, posts } = clientWith(() => refusal, ari);
    await assert.rejects(client.newOrder({ identifiers, replaces: 'a.b' }), coded('ACME_PROBLEM'));
    assert.equal(posts().length, 1);
  }
});

test('replaces: a gateway that is busy is no refusal', async () => {
  for (const status of [429, 502, 503, 504]) {
    const busy = { status, headers: { 'content-type': 'text/html' }, body: {} };
    const { client, posts } = clientWith(() => busy, ari);
    await assert.rejects(client.newOrder({ identifiers, replaces: 'a.b' }), coded('ACME_UNEXPECTED_RESPONSE'));
    assert.equal(posts().length, 1);
  }
});

test('replaces: refused twice, it is asked for no third time', async () => {
  const { client, posts } = clientWith(() => problem('malformed'), ari);
  await assert.rejects(client.newOrder({ identifiers, replaces: 'a.b' }), coded('ACME_PROBLEM'));
  assert.equal(posts().length, 2);
});

test('parts that the CA does not offer', async () => {
  const { client } = clientWith(() => created, { revokeCert: undefined, keyChange: undefined });
  await assert.rejects(client.revokeCertificate({ der: new Uint8Array(1) }), coded('ACME_NOT_OFFERED'));
  await assert.rejects(client.rolloverKey(newSigner()), coded('ACME_NOT_OFFERED'));
  await assert.rejects(client.renewalInfo('a.b'), coded('ACME_NOT_OFFERED'));
});

test('renewal info is asked without signature, below the address that the directory gives', async () => {
  const window = { start: '2027-01-01T00:00:00Z', end: '2027-01-02T00:00:00Z' };
  for (const base of ['https://ca.test/ari', 'https://ca.test/ari/']) {
    let asked = '';
    const { client } = clientWith(
      (request) => {
        asked = `${request.method} ${request.url}`;
        return { headers: { 'retry-after': '21600' }, body: { suggestedWindow: window } };
      },
      { renewalInfo: base },
    );
    const info = await client.renewalInfo('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
    assert.equal(asked, 'GET https://ca.test/ari/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
    assert.deepEqual(info, {
      window: { start: Date.UTC(2027, 0, 1), end: Date.UTC(2027, 0, 2) },
      explanationUrl: null,
      retryAfterMs: 21_600_000,
    });
    await assert.rejects(client.renewalInfo('../../x'), coded('ACME_NO_CERTIFICATE_ID'));
  }
});

test('the orders list: pages, none, and a list without end', async () => {
  const paged = clientWith((request) => {
    if (request.url === 'https://ca.test/acct/1')
      return { body: { status: 'valid', orders: 'https://ca.test/orders' } };
    return request.url.endsWith('2')
      ? { body: { orders: ['https://ca.test/o/3'] } }
      : {
          headers: { link: '<https://ca.test/orders?cursor=2>;rel="next"' },
          body: { orders: ['https://ca.test/o/1', 'https://ca.test/o/2'] },
        };
  });
  assert.deepEqual(await all(paged.client.orderUrls()), [
    'https://ca.test/o/1',
    'https://ca.test/o/2',
    'https://ca.test/o/3',
  ]);
  const none = clientWith(() => ({ body: { status: 'valid' } }));
  assert.deepEqual(await all(none.client.orderUrls()), []);
  const endless = clientWith((request) =>
    request.url === 'https://ca.test/acct/1'
      ? { body: { status: 'valid', orders: 'https://ca.test/orders' } }
      : { headers: { link: '</orders>;rel="next"' }, body: { orders: [] } },
  );
  await assert.rejects(all(endless.client.orderUrls()), coded('ACME_RESPONSE_INVALID'));
});

test('a list of orders is left off after a hundred pages, or two minutes', async () => {
  const pages = (elapsed: (clock: ReturnType<typeof clientWith>['clock']) => void): ReturnType<typeof clientWith> => {
    let page = 0;
    const made = clientWith((request) => {
      if (request.url === 'https://ca.test/acct/1')
        return { body: { status: 'valid', orders: 'https://ca.test/orders' } };
      page += 1;
      elapsed(made.clock);
      return {
        headers: { link: `</orders?page=${page}>;rel="next"` },
        body: { orders: [`https://ca.test/o/${page}`] },
      };
    });
    return made;
  };
  assert.equal((await all(pages(() => {}).client.orderUrls())).length, 100);
  const slow = pages((clock) => void clock.sleep(50_000));
  assert.equal((await all(slow.client.orderUrls())).length, 2);
});

test('waiting: soon at first, then ever later, and by Retry-After where there is one', async () => {
  const statuses = ['pending', 'pending', 'processing', 'processing', 'valid'];
  const { client, clock } = clientWith((_request, count) => ({
    headers: count === 3 ? { 'retry-after': '3' } : {},
    body: { ...orderObject, status: statuses[count - 1], certificate: 'https://ca.test/cert/1' },
  }));
  const { order } = await client.waitForOrder('https://ca.test/order/1', { identifiers });
  assert.equal(order.status, 'valid');
  assert.deepEqual(
    clock.slept.map((ms) => Number(ms.toFixed(2))),
    [1, 1.6, 2.56, 3000, 6.55],
  );
});

test('waiting for ready is over when the order is further on', async () => {
  for (const status of ['ready', 'processing', 'valid']) {
    const { client } = clientWith(() => ({ body: { ...orderObject, status, certificate: 'https://ca.test/cert/1' } }));
    assert.equal((await client.waitForOrder('https://ca.test/order/1', { until: 'ready' })).order.status, status);
  }
});

test('waiting: a CA that asks for a day is asked again within a minute, and the deadline holds', async () => {
  const { client, clock } = clientWith(() => ({
    headers: { 'retry-after': '86400' },
    body: { ...orderObject, status: 'processing' },
  }));
  const start = clock.now();
  await assert.rejects(
    client.waitForOrder('https://ca.test/order/1', { timeoutMs: 150_000, retryAfterMs: 86_400_000 }),
    (error: Error & { details?: Record<string, unknown> }) => {
      coded('ACME_WAIT_TIMEOUT')(error);
      assert.equal(error.details?.['status'], 'processing');
      return true;
    },
  );
  assert.deepEqual(clock.slept, [60_000, 60_000, 30_000]);
  assert.equal(clock.now() - start, 150_000);
});

test('waiting: failures of the line and of the server are waited out, five in a row at most', async () => {
  const flaky = clientWith((_request, count) =>
    count < 4
      ? { status: 503, headers: { 'content-type': 'text/html', 'retry-after': '7' } }
      : { body: { ...orderObject, status: 'ready' } },
  );
  assert.equal((await flaky.client.waitForOrder('https://ca.test/order/1', { until: 'ready' })).order.status, 'ready');
  assert.deepEqual(flaky.clock.slept, [1, 7000, 7000, 7000]);
  const down = clientWith(() => ({ status: 502, headers: { 'content-type': 'text/html' } }));
  await assert.rejects(down.client.waitForOrder('https://ca.test/order/1'), coded('ACME_UNEXPECTED_RESPONSE'));
  assert.equal(down.posts().length, 6);
});

test('status before type: what the CA lists and does not have is not offered, whatever the document says', async () => {
  const page = (status: number): FakeAnswer => ({ status, headers: { 'content-type': 'text/html' } });
  const directory = { renewalInfo: 'https://ca.test/ari' };
  const der = new Uint8Array(1);
  const calls: readonly ((client: AcmeClient) => Promise<unknown>)[] = [
    (client) => client.rolloverKey(newSigner()),
    (client) => client.revokeCertificate({ der }),
    (client) => client.renewalInfo('aa.bb'),
  ];
  for (const call of calls) {
    for (const answer of [problem('rateLimited', 501), problem('malformed', 405), page(501), page(405), page(404)]) {
      const { client } = clientWith(() => answer, directory);
      await assert.rejects(call(client), coded('ACME_NOT_OFFERED'));
    }
    // Not about the resource but about what was asked for.
    const { client } = clientWith(() => problem('malformed', 404), directory);
    await assert.rejects(call(client), coded('ACME_PROBLEM'));
  }
});

test('status before type: a server that fails says nothing of the name, and 429 is a limit under any type', async () => {
  const meaning = async (answer: FakeAnswer) => {
    const { client } = clientWith(() => answer);
    const error: unknown = await client.newOrder({ identifiers }).catch((thrown: unknown) => thrown);
    const { resume, blames, costs } = meaningOf(error);
    return [resume, blames, costs];
  };
  for (const type of ['rateLimited', 'rejectedIdentifier', 'caa', 'malformed']) {
    assert.deepEqual(await meaning(problem(type, 503)), ['continue', 'issuer', 'nothing'], type);
  }
  assert.deepEqual(await meaning(problem('malformed', 429)), ['continue', 'issuer', 'unknown']);
  assert.deepEqual(await meaning(problem('rateLimited', 429)), ['continue', 'name', 'unknown']);
  assert.deepEqual(await meaning(problem('rateLimited', 403)), ['continue', 'name', 'unknown']);
  assert.deepEqual(await meaning(problem('malformed', 400)), ['restart', 'host', 'nothing']);
});

test('waiting: a refusal ends it at once', async () => {
  for (const refusal of [
    problem('unauthorized', 403),
    problem('orderNotReady', 403),
    { status: 410, headers: { 'content-type': 'text/html' } },
  ]) {
    const { client, posts } = clientWith(() => refusal);
    await assert.rejects(client.waitForOrder('https://ca.test/order/1'), EverbindError);
    assert.equal(posts().length, 1);
  }
});

test('waiting: an invalid order or authorization ends it with the CA’s reason', async () => {
  const order = clientWith(() => ({
    body: {
      ...orderObject,
      status: 'invalid',
      error: { type: 'urn:ietf:params:acme:error:caa', detail: 'CAA forbids' },
    },
  }));
  await assert.rejects(
    order.client.waitForOrder('https://ca.test/order/1'),
    (error) =>
      error instanceof AcmeProblemError && error.code === 'ACME_ORDER_INVALID' && error.problem.type.endsWith(':caa'),
  );
  const authorization = {
    identifier: identifiers[0],
    status: 'invalid',
    challenges: [
      {
        type: 'http-01',
        url: 'https://ca.test/c/1',
        status: 'invalid',
        token: 'A'.repeat(22),
        error: { type: 'urn:ietf:params:acme:error:connection', detail: 'refused' },
      },
    ],
  };
  const failed = clientWith(() => ({ body: authorization }));
  await assert.rejects(
    failed.client.waitForAuthorization('https://ca.test/authz/1'),
    (error) =>
      error instanceof AcmeProblemError &&
      error.code === 'ACME_AUTHORIZATION_INVALID' &&
      error.problem.detail === 'refused',
  );
  for (const status of ['deactivated', 'expired', 'revoked']) {
    const ended = clientWith(() => ({ body: { ...authorization, status, challenges: [] } }));
    await assert.rejects(
      ended.client.waitForAuthorization('https://ca.test/authz/1'),
      coded('ACME_AUTHORIZATION_INVALID'),
    );
  }
});

test('waiting: a challenge that the CA tries again for ever is reported with what the CA saw', async () => {
  const { client } = clientWith(() => ({
    body: {
      identifier: identifiers[0],
      status: 'pending',
      challenges: [
        {
          type: 'http-01',
          url: 'https://ca.test/c/1',
          status: 'processing',
          token: 'A'.repeat(22),
          error: { type: 'urn:ietf:params:acme:error:dns', detail: 'NXDOMAIN' },
        },
      ],
    },
  }));
  await assert.rejects(
    client.waitForAuthorization('https://ca.test/authz/1', { timeoutMs: 30_000 }),
    (error: Error & { details?: Record<string, unknown> }) => {
      coded('ACME_WAIT_TIMEOUT')(error);
      assert.equal(error.details?.['problem'], 'dns');
      assert.equal(error.details?.['detail'], 'NXDOMAIN');
      return true;
    },
  );
});

test('a CA of several hosts: what its directory lists may be anywhere in its responses', async () => {
  const url = 'https://orders.ca.test/order/1';
  const { client } = clientWith(() => ({ ...created, headers: { location: url } }), {
    newOrder: 'https://orders.ca.test/new',
  });
  assert.equal((await client.newOrder({ identifiers })).url, url);
});

test('what the CA does not know yet is asked for again, for a minute (go-acme/lego#2518, #674)', async () => {
  const page: FakeAnswer = { status: 404, headers: { 'content-type': 'text/html' } };
  for (const gone of [problem('malformed', 404), page]) {
    const late = (body: object) => clientWith((_, count) => (count < 4 ? gone : { body }));
    const order = late({ ...orderObject, status: 'ready' });
    assert.equal(
      (await order.client.waitForOrder('https://ca.test/order/1', { until: 'ready' })).order.status,
      'ready',
    );
    assert.equal(order.posts().length, 4);
    const finalized = late({ ...orderObject, status: 'processing' });
    await finalized.client.finalize('https://ca.test/finalize/1', new Uint8Array(1));
    const [first, ...others] = finalized.posts();
    for (const other of others) assert.deepEqual(other.payload, first?.payload);
    const challenge = late({ type: 'http-01', status: 'processing' });
    assert.equal((await challenge.client.respondToChallenge('https://ca.test/c/1')).challenge.status, 'processing');
    const known = late({ ...orderObject });
    assert.equal((await known.client.getOrder('https://ca.test/order/1', { fresh: true })).order.status, 'pending');
    // One that is old the CA has forgotten.
    const forgotten = late({ ...orderObject });
    await assert.rejects(
      forgotten.client.getOrder('https://ca.test/order/1'),
      coded(gone === page ? 'ACME_UNEXPECTED_RESPONSE' : 'ACME_PROBLEM'),
    );
    assert.equal(forgotten.posts().length, 1);

    for (const ask of [
      (client: AcmeClient) => client.waitForOrder('https://ca.test/order/1'),
      (client: AcmeClient) => client.finalize('https://ca.test/finalize/1', new Uint8Array(1)),
      (client: AcmeClient) => client.downloadCertificate('https://ca.test/cert/1'),
      (client: AcmeClient) => client.getAuthorization('https://ca.test/authz/1', { fresh: true }),
    ]) {
      const never = clientWith(() => gone);
      const begun = never.clock.now();
      await assert.rejects(ask(never.client), coded('ACME_OBJECT_UNKNOWN'));
      const waited = never.clock.now() - begun;
      assert.ok(waited >= 60_000 && waited < 70_000, `${waited} ms`);
      assert.ok(never.posts().length < 40);
    }
  }
  const lost = clientWith(() => problem('accountDoesNotExist', 404));
  await assert.rejects(lost.client.waitForOrder('https://ca.test/order/1'), coded('ACME_PROBLEM'));
  assert.equal(lost.posts().length, 1);
});

test('another chain at an address of no use is no other chain', async () => {
  const { client } = clientWith(() => ({
    headers: {
      'content-type': 'application/pem-certificate-chain',
      link: '<http://ca.test/2>;rel=alternate, <https://other.test/3>;rel=alternate, </4>;rel=alternate',
    },
    body: Buffer.from(toPem('CERTIFICATE', Uint8Array.of(1))),
  }));
  assert.deepEqual((await client.downloadCertificate('https://ca.test/cert/1')).alternates, ['https://ca.test/4']);
});

test('another chain that cannot be had is no other chain; one that cannot be had now is asked for later', async () => {
  const chain = {
    headers: { 'content-type': 'application/pem-certificate-chain', link: '</2>;rel=alternate, </3>;rel=alternate' },
    body: Buffer.from((await createLabCa('Everbind test')).certificatePem),
  };
  const text: FakeAnswer = { ...chain, body: Buffer.from('no chain') };
  for (const odd of [problem('malformed', 404), text]) {
    const { client } = clientWith(({ url }) => (url.endsWith('/2') ? odd : chain));
    const found = await client.downloadCertificate('https://ca.test/cert/1', { preferredIssuer: 'Nobody' });
    assert.equal(found.preferredIssuerFound, false);
    assert.equal(found.chain.length, 1);
  }
  const busy = clientWith(({ url }) => (url.endsWith('/2') ? problem('serverInternal', 503) : chain));
  const asked = busy.client.downloadCertificate('https://ca.test/cert/1', { preferredIssuer: 'Nobody' });
  await assert.rejects(asked, coded('ACME_PROBLEM'));
});

test('waiting stops when the signal says so', async () => {
  const stop = new AbortController();
  const { client } = clientWith((_request, count) => {
    if (count === 3) stop.abort(new Error('enough'));
    return { body: { ...orderObject, status: 'processing' } };
  });
  await assert.rejects(client.waitForOrder('https://ca.test/order/1', { signal: stop.signal }), /enough/);
});

test('an order that turns into one for other names while it is waited for', async () => {
  const { client } = clientWith((_request, count) => ({
    body: { ...orderObject, identifiers: [{ type: 'dns', value: count < 3 ? 'shop.test' : 'evil.test' }] },
  }));
  await assert.rejects(client.waitForOrder('https://ca.test/order/1', { identifiers }), coded('ACME_ORDER_MISMATCH'));
});

test('a key change is signed by both keys and takes effect', async () => {
  const next = newSigner('EdDSA');
  const { client, posts } = clientWith((request) => ({
    headers: request.url.endsWith('/account') ? { location: 'https://ca.test/acct/1' } : {},
    body: { status: 'valid' },
  }));
  await client.rolloverKey(next);
  await client.getAccount();
  const [change, check, later] = posts();
  // The account is asked for with the new key: CAs refuse look-ups for reasons of their own.
  assert.deepEqual(check?.payload, '');
  assert.deepEqual([check?.header['alg'], check?.header['kid']], ['EdDSA', 'https://ca.test/acct/1']);
  assert.equal(change?.header['kid'], 'https://ca.test/acct/1');
  const inner = change?.payload as { protected: string; payload: string };
  const header = JSON.parse(Buffer.from(inner.protected, 'base64url').toString()) as Record<string, unknown>;
  assert.deepEqual(Object.keys(header), ['alg', 'jwk', 'url']);
  assert.equal(header['url'], 'https://ca.test/key-change');
  const payload = JSON.parse(Buffer.from(inner.payload, 'base64url').toString()) as Record<string, unknown>;
  assert.equal(payload['account'], 'https://ca.test/acct/1');
  assert.equal((payload['oldKey'] as { kty: string }).kty, 'EC');
  assert.equal(later?.header['alg'], 'EdDSA');
});

test('a key change that the CA accepts and does not make leaves the old key in use', async () => {
  for (const found of [{ headers: { location: 'https://ca.test/acct/2' } }, problem('accountDoesNotExist', 400)]) {
    const { client, posts } = clientWith(({ url }, count) => {
      if (url.endsWith('/account')) return { body: { status: 'valid' }, ...found };
      return url.endsWith('/acct/1') && count === 2 ? problem('malformed', 400) : { body: { status: 'valid' } };
    });
    await assert.rejects(client.rolloverKey(newSigner('EdDSA')), coded('ACME_KEY_CHANGE_FAILED'));
    await client.getAccount();
    assert.equal(posts().at(-1)?.header['alg'], 'ES256');
  }
});

test('a key change that the CA accepts, does not make, and refuses to look up leaves the old key in use', async () => {
  const { client, posts } = clientWith(({ url }, count) => {
    if (url.endsWith('/account')) return problem('externalAccountRequired', 401);
    return url.endsWith('/acct/1') && count === 2 ? problem('malformed', 400) : { body: { status: 'valid' } };
  });
  await assert.rejects(client.rolloverKey(newSigner('EdDSA')), coded('ACME_KEY_CHANGE_FAILED'));
  await client.getAccount();
  assert.equal(posts().at(-1)?.header['alg'], 'ES256');
});

test('a refused key change leaves the old key in use', async () => {
  const { client, posts } = clientWith((_request, count) =>
    count === 1 ? problem('conflict', 409) : { body: { status: 'valid' } },
  );
  await assert.rejects(client.rolloverKey(newSigner('EdDSA')), coded('ACME_PROBLEM'));
  await client.getAccount();
  assert.equal(posts()[1]?.header['alg'], 'ES256');
});
