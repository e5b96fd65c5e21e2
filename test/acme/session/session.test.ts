import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAcmeClient } from '../../../src/acme/client.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import type { ErrorCode } from '../../../src/errors/table.ts';
import { AcmeProblemError } from '../../../src/acme/messages/problem.ts';
import { createSession } from '../../../src/acme/session/session.ts';
import { RESOURCES } from '../../../src/acme/messages/resource.ts';
import type { HttpResponse, Transport } from '../../../src/ports/transport.ts';
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

const signer = newSigner();
const accountUrl = 'https://ca.test/acct/1';

/** A CA that counts its nonces; `answer` is asked for everything but directory and nonces. */
function fakeCa(answer: (url: string, count: number) => FakeAnswer, directory: Record<string, unknown> = {}) {
  let nonces = 0;
  let posts = 0;
  const transport = fakeTransport((request) => {
    if (request.url === directoryUrl) return { body: directoryObject(directory) };
    const nonce = { 'replay-nonce': `nonce-${(nonces += 1)}` };
    if (request.url === 'https://ca.test/nonce') return { status: 204, headers: nonce };
    const made = answer(request.url, (posts += 1));
    return { ...made, headers: { ...nonce, ...made.headers } };
  });
  const clock = testClock();
  const options = {
    directoryUrl,
    transport,
    clock,
    random: noRandom,
    userAgent: 'everbind-test/1',
    signer,
    accountUrl,
  };
  return { transport, clock, session: createSession(options), client: createAcmeClient(options) };
}

const badNonce: FakeAnswer = {
  status: 400,
  headers: { 'content-type': 'application/problem+json' },
  body: { type: 'urn:ietf:params:acme:error:badNonce' },
};
const valid: FakeAnswer = { body: { status: 'valid' } };
const noncesUsed = (requests: Parameters<typeof jwsOf>[0][]) =>
  requests.filter(({ method }) => method === 'POST').map((request) => jwsOf(request).header['nonce']);

test('one request costs one nonce fetch; the next ones use what the responses bring', async () => {
  const { client, transport } = fakeCa(() => valid);
  await client.getAccount();
  await client.getAccount();
  await client.getAccount();
  assert.deepEqual(
    transport.requests.map(({ method, url }) => `${method} ${url}`),
    ['GET https://ca.test/dir', 'GET https://ca.test/nonce', ...Array(3).fill(`POST ${accountUrl}`)],
  );
  assert.deepEqual(noncesUsed(transport.requests), ['nonce-1', 'nonce-2', 'nonce-3']);
});

test('headers: User-Agent, Accept-Language, content type; the URL is signed', async () => {
  const { client, transport } = fakeCa(() => valid);
  await client.getAccount();
  const post = transport.requests.at(-1);
  assert.ok(post);
  assert.equal(post.headers['user-agent'], 'everbind-test/1');
  assert.equal(post.headers['accept-language'], 'en');
  assert.equal(post.headers['content-type'], 'application/jose+json');
  assert.deepEqual(jwsOf(post), {
    header: { alg: 'ES256', kid: accountUrl, nonce: 'nonce-1', url: accountUrl },
    payload: '',
  });
  assert.equal(transport.requests[0]?.headers['user-agent'], 'everbind-test/1');
});

test('badNonce is tried again with the nonce of the error', async () => {
  const { client, transport } = fakeCa((_url, count) => (count < 4 ? badNonce : valid));
  await client.getAccount();
  assert.deepEqual(noncesUsed(transport.requests), ['nonce-1', 'nonce-2', 'nonce-3', 'nonce-4']);
  assert.equal(transport.requests.filter(({ url }) => url.endsWith('/nonce')).length, 1);
});

test('badNonce to a request that was sent twice: what may have been done is not asked for again, what only reads is', async () => {
  const { session, transport } = fakeCa((_url, count) => (count === 1 ? { ...badNonce, repeated: true } : valid));
  const post = (payload: object | '') => session.post({ url: accountUrl, payload, resource: RESOURCES.account });
  await assert.rejects(post({ some: 'order' }), coded('ACME_TRANSPORT'));
  assert.equal(noncesUsed(transport.requests).length, 1);
  // Its nonce is not lost.
  await post('');
  assert.deepEqual(noncesUsed(transport.requests), ['nonce-1', 'nonce-2']);
  const reading = fakeCa((_url, count) => (count === 1 ? { ...badNonce, repeated: true } : valid));
  await reading.session.post({ url: accountUrl, payload: '', resource: RESOURCES.account });
  assert.equal(noncesUsed(reading.transport.requests).length, 2);
});

test('badNonce without a nonce costs a fetch; after ten retries it is an error', async () => {
  const { client, transport } = fakeCa(() => ({ ...badNonce, headers: { ...badNonce.headers, 'replay-nonce': [] } }));
  await assert.rejects(
    client.getAccount(),
    (error) => error instanceof AcmeProblemError && error.problem.type.endsWith('badNonce'),
  );
  assert.equal(transport.requests.filter(({ method }) => method === 'POST').length, 11);
  assert.equal(transport.requests.filter(({ url }) => url.endsWith('/nonce')).length, 11);
});

test('the freshest nonce goes first', async () => {
  const { session, transport } = fakeCa(() => valid);
  const post = () => session.post({ url: accountUrl, payload: '', resource: RESOURCES.account });
  await Promise.all([post(), post(), post()]);
  const before = transport.requests.length;
  await post();
  assert.deepEqual(noncesUsed(transport.requests.slice(before)), ['nonce-6']);
});

test('concurrent requests share one directory and take the nonces that come back', async () => {
  const { client, transport } = fakeCa(() => valid);
  await Promise.all(Array.from({ length: 8 }, () => client.getAccount()));
  const count = (url: string) => transport.requests.filter((request) => request.url === url).length;
  assert.equal(count(directoryUrl), 1);
  assert.ok(count('https://ca.test/nonce') < 8);
  assert.equal(new Set(noncesUsed(transport.requests)).size, 8);
});

test('a malformed or repeated Replay-Nonce counts as none', async () => {
  for (const nonce of ['a b', 'ä', '', 'x'.repeat(513), ['one', 'two'], 'a"b', 'abc=']) {
    const { client, transport } = fakeCa(() => ({ ...valid, headers: { 'replay-nonce': nonce } }));
    await client.getAccount();
    await client.getAccount();
    assert.deepEqual(noncesUsed(transport.requests), ['nonce-1', 'nonce-3'], String(nonce));
  }
});

test('a signer that fails costs no nonce', async () => {
  const { session, transport } = fakeCa(() => valid);
  let broken = true;
  session.account.signer = {
    ...signer,
    sign: async (data) => {
      if (broken) throw new Error('device gone');
      return signer.sign(data);
    },
  };
  const post = () => session.post({ url: accountUrl, payload: '', resource: RESOURCES.account });
  await assert.rejects(post(), /device gone/);
  broken = false;
  await post();
  assert.deepEqual(noncesUsed(transport.requests), ['nonce-1']);
});

test('the directory is fetched again after a failure and after an hour', async () => {
  let fail = true;
  const transport = fakeTransport(() => (fail ? { status: 503, body: 'down' } : { body: directoryObject() }));
  const clock = testClock();
  const client = createAcmeClient({ directoryUrl, transport, clock, random: noRandom, userAgent: 'x' });
  await assert.rejects(client.directory(), coded('ACME_UNEXPECTED_RESPONSE'));
  fail = false;
  await client.directory();
  await client.directory();
  assert.equal(transport.requests.length, 2);
  await clock.sleep(3600_000);
  await client.directory();
  assert.equal(transport.requests.length, 3);
});

test('one caller that gives up does not take the directory from the others', async () => {
  let release: (answer: FakeAnswer) => void = () => {};
  const transport = fakeTransport(() => new Promise<FakeAnswer>((resolve) => (release = resolve)));
  const client = createAcmeClient({ directoryUrl, transport, clock: testClock(), random: noRandom, userAgent: 'x' });
  const stop = new AbortController();
  const impatient = client.directory(stop.signal);
  const patient = client.directory();
  stop.abort(new Error('enough'));
  await assert.rejects(impatient, /enough/);
  release({ body: directoryObject() });
  assert.equal((await patient).newNonce, 'https://ca.test/nonce');
});

test('without key or account nothing is sent', async () => {
  const { session, client, transport } = fakeCa(() => valid);
  session.account.url = null;
  await assert.rejects(
    session.post({ url: accountUrl, payload: '', resource: RESOURCES.account }),
    coded('ACME_NO_ACCOUNT'),
  );
  session.account.signer = null;
  await assert.rejects(
    session.post({ url: accountUrl, payload: '', resource: RESOURCES.account }),
    coded('ACME_NO_ACCOUNT'),
  );
  assert.equal(transport.requests.length, 0);
  assert.throws(
    () =>
      createAcmeClient({
        directoryUrl: 'http://ca.test/dir',
        transport,
        clock: testClock(),
        random: noRandom,
        userAgent: 'x',
      }),
    coded('ACME_INSECURE_URL'),
  );
  await client.directory();
});

test('an aborted call sends nothing', async () => {
  const { client, transport } = fakeCa(() => valid);
  await assert.rejects(client.getAccount(AbortSignal.abort(new Error('stop'))), /stop/);
  assert.equal(transport.requests.length, 0);
});

/** Registers an account at a CA that stops at one stage, aborts there, and tells what was sent. */
async function abortedRegistration(stage: 'directory' | 'nonce' | 'signer' | 'account' | 'badNonce' | 'hold') {
  const stop = new AbortController();
  let stopped: () => void = () => {};
  const reached = new Promise<void>((resolve) => (stopped = resolve));
  const hang = (): Promise<never> => {
    stopped();
    return new Promise(() => {});
  };
  const sent: string[] = [];
  const transport: Transport = async ({ url }, signal) => {
    const { pathname } = new URL(url);
    sent.push(pathname);
    if (pathname === '/dir') {
      if (stage === 'directory') return hang();
      return jsonResponse(200, directoryObject());
    }
    if (pathname === '/nonce' && (stage === 'nonce' || sent.length > 3)) return hang();
    if (pathname === '/nonce') return { ...jsonResponse(204, {}), headers: { 'replay-nonce': ['nonce-1'] } };
    if (stage === 'badNonce') return jsonResponse(400, badNonce.body, 'application/problem+json');
    // As the port says: it rejects with the reason of the signal.
    assert.equal(signal, stop.signal);
    stopped();
    return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
  };
  const client = createAcmeClient({
    directoryUrl,
    transport,
    clock: testClock(),
    random: noRandom,
    userAgent: 'x',
    signer: stage === 'signer' ? { ...signer, sign: hang } : signer,
    ...(stage === 'hold'
      ? {
          backoffs: {
            pass: (_url, signal) => passAborted(signal, stopped),
            note: async () => {},
            enter: async () => () => {},
          },
        }
      : {}),
  });
  const call = client.newAccount({ termsOfServiceAgreed: true }, stop.signal);
  void reached.then(() => stop.abort(new Error('the lease is lost')));
  await assert.rejects(call, /the lease is lost/);
  return sent;
}

function jsonResponse(status: number, body: unknown, type = 'application/json'): HttpResponse {
  return { status, headers: { 'content-type': [type] }, body: Buffer.from(JSON.stringify(body)) };
}

/** A host that asked for a pause, but only for requests that somebody can stop: directory and nonce are everybody's. */
function passAborted(signal: AbortSignal | undefined, reached: () => void): Promise<void> {
  if (signal === undefined) return Promise.resolve();
  reached();
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
}

test('a registration ends with the signal at every stage, and nothing is sent after that', {
  timeout: 10_000,
}, async () => {
  assert.deepEqual(await abortedRegistration('directory'), ['/dir']);
  assert.deepEqual(await abortedRegistration('nonce'), ['/dir', '/nonce']);
  assert.deepEqual(await abortedRegistration('signer'), ['/dir', '/nonce']);
  assert.deepEqual(await abortedRegistration('hold'), ['/dir', '/nonce']);
  assert.deepEqual(await abortedRegistration('account'), ['/dir', '/nonce', '/account']);
  assert.deepEqual(await abortedRegistration('badNonce'), ['/dir', '/nonce', '/account', '/nonce']);
});

const answers: Readonly<Record<string, FakeAnswer>> = {
  'a redirect': { status: 307, headers: { location: 'https://evil.test/' } },
  HTML: { headers: { 'content-type': 'text/html' }, body: '<html>' },
  'no content type': { headers: { 'content-type': [] }, body: {} },
  'two content types': { headers: { 'content-type': ['application/json', 'application/json'] }, body: {} },
  'an error page': { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>' },
  'a problem that is no JSON': {
    status: 500,
    headers: { 'content-type': 'application/problem+json' },
    body: Buffer.from('{'),
  },
  'JSON of a gateway': { status: 500, body: { message: 'Internal server error' } },
  'an informational status': { status: 101 },
};
for (const [name, answer] of Object.entries(answers)) {
  test(`${name} is an unexpected response with its status`, async () => {
    const { client } = fakeCa(() => answer);
    await assert.rejects(client.getAccount(), (error: Error & { details?: Record<string, unknown> }) => {
      coded('ACME_UNEXPECTED_RESPONSE')(error);
      assert.equal(error.details?.['status'], answer.status ?? 200);
      return true;
    });
  });
}

test('a problem labelled as plain JSON is still a problem', async () => {
  const { client } = fakeCa(() => ({
    status: 429,
    headers: { 'retry-after': '77' },
    body: { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'slow down' },
  }));
  await assert.rejects(
    client.getAccount(),
    (error) =>
      error instanceof AcmeProblemError && error.facts.retryAfterMs === 77_000 && error.facts.httpStatus === 429,
  );
});

test('what the transport throws gets the code of a CA, with its details and the original as the cause', async () => {
  const codes = {
    NET_CONNECTION_FAILED: 'ACME_TRANSPORT',
    NET_SERVER_UNTRUSTED: 'ACME_SERVER_UNTRUSTED',
    NET_TIMEOUT: 'ACME_TIMEOUT',
    NET_RESPONSE_TOO_LARGE: 'ACME_RESPONSE_TOO_LARGE',
    NET_INSECURE_URL: 'ACME_INSECURE_URL',
  } as const;
  for (const [thrown, code] of Object.entries(codes)) {
    const cause = new EverbindError(thrown as ErrorCode, 'the words of net', { server: 'ca.test', reason: 'x' });
    const { session } = fakeCa(() => {
      throw cause;
    });
    await assert.rejects(session.post({ url: accountUrl, payload: '', resource: RESOURCES.account }), (error) => {
      assert.ok(error instanceof EverbindError);
      assert.deepEqual([error.code, error.message, error.details], [code, cause.message, cause.details]);
      assert.equal(error.cause, cause);
      return true;
    });
  }
});

test('a wrong proxy is not the fault of the CA, and a signal keeps its reason', async () => {
  for (const thrown of [new EverbindError('NET_PROXY_INVALID', 'no proxy'), new Error('the signal says so')]) {
    const { client } = fakeCa(() => {
      throw thrown;
    });
    await assert.rejects(client.getAccount(), (error) => error === thrown);
  }
});
