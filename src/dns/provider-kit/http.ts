import type * as z from 'zod';
import { parseJson } from '../../acme/messages/json.ts';
import { retryAfterMs } from '../../acme/messages/retry-after.ts';
import { EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../ports/transport.ts';
import { credentialsRefused, hostFailed, rateLimited, unusableAnswer } from './provider-failure.ts';

/** Larger than any page of a zone list that we ask for. */
const maxBytes = 4 * 1024 * 1024;
const timeoutMs = 30_000;

export interface ApiRequest {
  readonly method: HttpRequest['method'];
  /** Below the base URL, with a slash in front; what comes from outside is encoded already (`segment`). */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, with the content type of `headers`. */
  readonly body?: string;
  /** Statuses besides 2xx that the caller understands. */
  readonly expect?: readonly number[];
}

/** A request as it goes out, for signing. */
export interface OutgoingRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: HttpResponse['headers'];
  /** The body, checked. Throws DNS_PROVIDER_FAILED. */
  read<S extends z.ZodType>(schema: S): z.output<S>;
  /** The same, null where the body is anything else: for answers that say what went wrong. */
  peek<S extends z.ZodType>(schema: S): z.output<S> | null;
  /** The body as text in UTF-8; at most 4 MiB. */
  text(): string;
  /** The error that this answer is, for answers that the caller expected and cannot use after all. */
  failure(): EverbindError;
}

export type Refusal = 'credentials' | 'rate';

export type Api = (request: ApiRequest, signal?: AbortSignal) => Promise<ApiAnswer>;

export interface ApiOptions {
  /** The host's name in messages. */
  readonly host: string;
  readonly base: string;
  readonly transport: Transport;
  readonly clock: Clock;
  /** The headers that carry the credentials. */
  readonly authorize?: (
    request: OutgoingRequest,
    signal?: AbortSignal,
  ) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** What an answer that is no success means, where its status alone does not say; null: the status is judged. */
  readonly explain?: (answer: ApiAnswer) => Refusal | null;
}

/** One part of a path or of a name in it, encoded. */
export function segment(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A body of form fields (application/x-www-form-urlencoded) for a request. */
export function formBody(fields: Readonly<Record<string, string>>): Pick<ApiRequest, 'headers' | 'body'> {
  const body = Object.entries(fields).map(([name, value]) => `${segment(name)}=${segment(value)}`);
  return { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: body.join('&') };
}

/**
 * Calls of one API. Every failure is a DNS_ error without anything in it that was sent or received: 401 and 403 are DNS_CREDENTIALS_REFUSED,
 * 429 is DNS_RATE_LIMITED, the rest DNS_PROVIDER_FAILED. Rejects with the signal's reason.
 */
export function createApi(options: ApiOptions): Api {
  const { host, base, transport } = options;
  return async (request, signal) => {
    const outgoing = prepare(base, request);
    const credentials = (await options.authorize?.(outgoing, signal)) ?? {};
    const { url, body } = outgoing;
    const headers = { ...outgoing.headers, ...credentials };
    const response = await send(
      host,
      transport,
      { method: request.method, url: url.href, headers, maxBytes, timeoutMs, ...(body === '' ? {} : { body }) },
      signal,
    );
    const answer = answerOf(options, response);
    const { status } = answer;
    if ((status >= 200 && status < 300) || request.expect?.includes(status) === true) return answer;
    throw answer.failure();
  };
}

function prepare(base: string, request: ApiRequest): OutgoingRequest {
  const query = Object.entries(request.query ?? {}).map(([name, value]) => `${segment(name)}=${segment(value)}`);
  const url = new URL(`${base}${request.path}${query.length === 0 ? '' : `?${query.join('&')}`}`);
  const body = request.json === undefined ? (request.body ?? '') : JSON.stringify(request.json);
  return {
    method: request.method,
    url,
    body,
    headers: {
      accept: 'application/json',
      ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
      // Without a body of a known length Node would send one in chunks, which some hosts refuse.
      ...(request.method === 'GET' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      ...request.headers,
    },
  };
}

async function send(
  host: string,
  transport: Transport,
  request: HttpRequest,
  signal?: AbortSignal,
): Promise<HttpResponse> {
  try {
    return await transport(request, signal);
  } catch (error) {
    if (signal?.aborted === true || !(error instanceof EverbindError)) throw error;
    const reason = typeof error.details['reason'] === 'string' ? error.details['reason'] : error.code;
    // The cause is not kept: what Node attaches to it is not ours to vouch for.
    throw new EverbindError('DNS_PROVIDER_FAILED', `${host} cannot be reached: ${error.message}`, { host, reason });
  }
}

function answerOf({ host, explain, clock }: ApiOptions, { status, headers, body }: HttpResponse): ApiAnswer {
  const answer: ApiAnswer = {
    status,
    headers,
    text: () => Buffer.from(body).toString('utf8'),
    read: (schema) => {
      const result = schema.safeParse(jsonOf(host, status, body));
      if (result.success) return result.data;
      const [issue] = result.error.issues;
      const where = issue === undefined || issue.path.length === 0 ? 'the whole' : issue.path.map(String).join('.');
      throw unusableAnswer(host, `${where} is not as documented`, status);
    },
    peek: (schema) => {
      try {
        return answer.read(schema);
      } catch {
        return null;
      }
    },
    failure: () => {
      const refusal = explain?.(answer) ?? byStatus(status);
      if (refusal === 'credentials') return credentialsRefused(host, status);
      if (refusal === 'rate') return rateLimited(host, retryAfterMs(headers, clock.now()));
      return hostFailed(host, status);
    },
  };
  return answer;
}

function byStatus(status: number): Refusal | null {
  if (status === 401 || status === 403) return 'credentials';
  return status === 429 ? 'rate' : null;
}

function jsonOf(host: string, status: number, body: Uint8Array): unknown {
  try {
    return parseJson(body, 'answer');
  } catch {
    throw unusableAnswer(host, 'it is not JSON', status);
  }
}
