import type { Authorization } from '../../src/acme/messages/authorization.ts';
import { type Answer, answerable } from '../../src/acme/messages/challenge.ts';
import { EverbindError } from '../../src/errors/error.ts';
import type { ErrorCode } from '../../src/errors/table.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Random } from '../../src/ports/random.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../src/ports/transport.ts';

/** For assert.throws and assert.rejects: an EverbindError with this code. */
export function coded(code: ErrorCode): (error: unknown) => boolean {
  return (error) => {
    if (error instanceof EverbindError && error.code === code) return true;
    throw new Error(`expected ${code}`, { cause: error });
  };
}

/** A clock that stands still but for sleeping, which takes no time and is recorded. */
export function testClock(start = Date.UTC(2026, 0, 1)): Clock & { readonly slept: number[] } {
  let now = start;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      now += ms;
    },
  };
}

export const noRandom: Random = { bytes: (count) => new Uint8Array(count), uniform: () => 0 };

export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: unknown;
  readonly repeated?: boolean;
}

/** Responses from a function instead of a network; JSON unless the body is octets or the headers say otherwise. */
export function fakeTransport(
  answer: (request: HttpRequest, count: number) => FakeAnswer | Promise<FakeAnswer>,
): Transport & {
  readonly requests: HttpRequest[];
} {
  const requests: HttpRequest[] = [];
  const transport = async (request: HttpRequest): Promise<HttpResponse> => {
    requests.push(request);
    const { status = 200, headers = {}, body, repeated } = await answer(request, requests.length);
    const named = Object.entries({ 'content-type': 'application/json', ...headers });
    return {
      status,
      headers: Object.fromEntries(named.map(([name, value]) => [name, typeof value === 'string' ? [value] : value])),
      body: body instanceof Uint8Array ? body : Buffer.from(body === undefined ? '' : JSON.stringify(body)),
      ...(repeated === undefined ? {} : { repeated }),
    };
  };
  return Object.assign(transport, { requests });
}

/** The decoded parts of a request's JWS. */
export function jwsOf(request: HttpRequest): { header: Record<string, unknown>; payload: unknown } {
  const jws = JSON.parse(String(request.body)) as { protected: string; payload: string };
  const parse = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
  return {
    header: parse(jws.protected) as Record<string, unknown>,
    payload: jws.payload === '' ? '' : parse(jws.payload),
  };
}

export const directoryUrl = 'https://ca.test/dir';

/** What answering the challenge of this type needs. */
export function answerTo({ challenges }: Authorization, type: string): Answer {
  const challenge = challenges.find((candidate) => candidate.type === type);
  if (challenge === undefined) throw new Error(`the CA offers no ${type}`);
  return answerable(challenge);
}

/** A directory of ca.test; members can be replaced. */
export function directoryObject(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    newNonce: 'https://ca.test/nonce',
    newAccount: 'https://ca.test/account',
    newOrder: 'https://ca.test/order',
    revokeCert: 'https://ca.test/revoke',
    keyChange: 'https://ca.test/key-change',
    ...changes,
  };
}
