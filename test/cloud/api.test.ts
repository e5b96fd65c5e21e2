import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { type ApiCodes, type ApiOptions, createApi } from '../../src/cloud/api.ts';
import { EverbindError } from '../../src/errors/error.ts';
import type { HttpRequest, HttpResponse } from '../../src/ports/transport.ts';

const codes: ApiCodes = {
  credentials: 'KEY_ACCESS_DENIED',
  rate: 'KEY_PROVIDER_NOT_READY',
  failed: 'KEY_STORE_FAILED',
};

/** An API that always sends the same response. */
function apiThatSends(
  response: Partial<Omit<HttpResponse, 'body'>> & { body?: string },
  changes: Partial<ApiOptions> = {},
) {
  const requests: HttpRequest[] = [];
  const call = createApi({
    host: 'host',
    codes,
    base: 'https://api.test/v1',
    transport: async (request) => {
      requests.push(request);
      const { status = 200, headers = {}, body = '{}' } = response;
      return { status, headers, body: Buffer.from(body) };
    },
    clock: { now: () => 0, sleep: () => Promise.resolve() },
    ...changes,
  });
  return { call, requests };
}

const get = { method: 'GET', path: '/x' } as const;

async function failureOf(work: Promise<unknown>): Promise<Pick<EverbindError, 'code' | 'details'>> {
  const error: unknown = await work.then(
    () => assert.fail('no error'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof EverbindError);
  assert.equal(error.cause, undefined);
  return { code: error.code, details: error.details };
}

test('failures get the codes of the caller, by status', async () => {
  for (const status of [401, 403]) {
    assert.deepEqual(await failureOf(apiThatSends({ status }).call(get)), {
      code: 'KEY_ACCESS_DENIED',
      details: { host: 'host', status },
    });
  }
  const limited = apiThatSends({ status: 429, headers: { 'retry-after': ['7'] } });
  assert.deepEqual(await failureOf(limited.call(get)), {
    code: 'KEY_PROVIDER_NOT_READY',
    details: { host: 'host', retryAfterMs: 7_000 },
  });
  assert.deepEqual(await failureOf(apiThatSends({ status: 302 }).call(get)), {
    code: 'KEY_STORE_FAILED',
    details: { host: 'host', status: 302 },
  });
});

test('the host explains its statuses, and a caller expects some of them', async () => {
  const refusing = apiThatSends({ status: 400 }, { explain: ({ status }) => (status === 400 ? 'credentials' : null) });
  assert.equal((await failureOf(refusing.call(get))).code, 'KEY_ACCESS_DENIED');
  const expected = await refusing.call({ ...get, expect: [400] });
  assert.equal(expected.failure().code, 'KEY_ACCESS_DENIED');
});

test('a body that is not as documented is named by its place, not by its words', async () => {
  const schema = z.object({ list: z.array(z.object({ id: z.int() })) });
  const bodies = [
    ['not JSON', 'it is not JSON'],
    ['[]', 'the whole is not as documented'],
    ['{"list":[{"id":"secret"}]}', 'list.0.id is not as documented'],
  ] as const;
  for (const [body, problem] of bodies) {
    const response = await apiThatSends({ body }).call(get);
    assert.equal(response.peek(schema), null);
    assert.deepEqual(await failureOf(Promise.resolve().then(() => response.read(schema))), {
      code: 'KEY_STORE_FAILED',
      details: { host: 'host', status: 200, problem },
    });
  }
});

test('a host that cannot be reached: the reason is kept, the cause is not; a signal keeps its reason', async () => {
  const lost = new EverbindError('NET_CONNECTION_FAILED', 'lost', { reason: 'ECONNRESET' });
  for (const [thrown, reason] of [
    [lost, 'ECONNRESET'],
    [new EverbindError('NET_TIMEOUT', 'late'), 'NET_TIMEOUT'],
  ] as const) {
    const { call } = apiThatSends({}, { transport: () => Promise.reject(thrown) });
    assert.deepEqual(await failureOf(call(get)), { code: 'KEY_STORE_FAILED', details: { host: 'host', reason } });
  }
  const stopped = new EverbindError('STORE_LEASE_LOST', 'stopped');
  const { call } = apiThatSends({}, { transport: () => Promise.reject(stopped) });
  await assert.rejects(call(get, AbortSignal.abort(stopped)), (error) => error === stopped);
});

test('what is signed is what is sent', async () => {
  let signed: unknown;
  const { call, requests } = apiThatSends(
    {},
    {
      authorize: ({ method, url, headers, body }) => {
        signed = { method, url: url.href, headers: { ...headers, authorization: 'signature' }, body };
        return { authorization: 'signature' };
      },
    },
  );
  await call({ method: 'POST', path: '/x', query: { 'a b': "c*'" }, json: { ü: 1 } });
  const [sent] = requests;
  assert.deepEqual({ method: sent?.method, url: sent?.url, headers: sent?.headers, body: sent?.body }, signed);
  assert.equal(sent?.url, 'https://api.test/v1/x?a%20b=c%2A%27');
  assert.equal(sent?.headers['content-length'], '8');
});
