import type * as z from 'zod';
import { parseJson } from '../acme/messages/json.ts';
import { retryAfterMs } from '../acme/messages/retry-after.ts';
import { EverbindError } from '../errors/error.ts';
import type { ErrorCode } from '../errors/table.ts';
import type { Clock } from '../ports/clock.ts';
import type { HttpRequest, HttpResponse, Transport } from '../ports/transport.ts';
import { createHostPace } from './host-pace.ts';

/** Larger than any response that we ask for. */
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

export interface ApiResponse {
  readonly status: number;
  readonly headers: HttpResponse['headers'];
  /** The body, checked. Throws the code `failed`. */
  read<S extends z.ZodType>(schema: S): z.output<S>;
  /** The same, or null where the body is something else; for responses that say what went wrong. */
  peek<S extends z.ZodType>(schema: S): z.output<S> | null;
  /** The body as text in UTF-8; at most 4 MiB. */
  text(): string;
  /** The error that this response amounts to, for one that the caller expected and cannot use after all. */
  failure(): EverbindError;
}

export type Refusal = 'credentials' | 'rate';

export type Api = (request: ApiRequest, signal?: AbortSignal) => Promise<ApiResponse>;

/**
 * The codes that failures get: those of the room that asks, since what to do about refused credentials differs between
 * DNS, key management and secrets.
 */
export interface ApiCodes {
  /** Status 401 or 403, or what `explain` says. */
  readonly credentials: ErrorCode;
  /**
   * Status 429, or what `explain` says; `details.retryAfterMs` is what the host asks for, null when it does not say.
   */
  readonly rate: ErrorCode;
  /** Anything else: unreachable, another status, or a body that is not as documented. */
  readonly failed: ErrorCode;
}

/** What the credentials of a cloud are fetched with. */
export interface CloudParts {
  /** HTTPS. */
  readonly transport: Transport;
  /** Plain http to 169.254.169.254, the metadata address of clouds, and to nothing else; never through a proxy. */
  readonly metadata: Transport;
  readonly clock: Clock;
  readonly codes: ApiCodes;
}

export interface ApiOptions {
  /** The host's name in messages. */
  readonly host: string;
  readonly codes: ApiCodes;
  readonly base: string;
  readonly transport: Transport;
  readonly clock: Clock;
  /** The headers that carry the credentials. */
  readonly authorize?: (
    request: OutgoingRequest,
    signal?: AbortSignal,
  ) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** What a failed response means, where the status alone does not say; null: the status decides. */
  readonly explain?: (response: ApiResponse) => Refusal | null;
}

/** One segment of a path, or a part of one, encoded. */
export function segment(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A body of form fields (application/x-www-form-urlencoded) for a request. */
export function formBody(fields: Readonly<Record<string, string>>): Pick<ApiRequest, 'headers' | 'body'> {
  const body = Object.entries(fields).map(([name, value]) => `${segment(name)}=${segment(value)}`);
  return { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: body.join('&') };
}

/**
 * Calls of one API. Every failure is an EverbindError with one of the codes, without anything in it that was sent or
 * received. While the host asks to send fewer requests, they wait, up to a minute and a half. Rejects with the signal's
 * reason.
 */
export function createApi(options: ApiOptions): Api {
  // Whoever issues the credentials is another host, with a pace of its own.
  const ofOthers = new WeakSet();
  const authorize: ApiOptions['authorize'] = async (request, signal) => {
    try {
      return (await options.authorize?.(request, signal)) ?? {};
    } catch (error) {
      if (error instanceof EverbindError) ofOthers.add(error);
      throw error;
    }
  };
  const pace = createHostPace(
    options.clock,
    (error) => !ofOthers.has(error) && (error.code === options.codes.rate || isPause(error.facts)),
  );
  return (request, signal) => pace.run(() => callOnce({ ...options, authorize }, request, signal), signal);
}

/** RFC 9110 section 15.6.4. */
function isPause({ httpStatus, retryAfterMs = null }: EverbindError['facts']): boolean {
  return httpStatus === 503 && retryAfterMs !== null;
}

/** Signed anew each time, since most signatures cover the time. */
async function callOnce(options: ApiOptions, request: ApiRequest, signal?: AbortSignal): Promise<ApiResponse> {
  const outgoing = prepare(options.base, request);
  const credentials = (await options.authorize?.(outgoing, signal)) ?? {};
  const { url, body } = outgoing;
  const headers = { ...outgoing.headers, ...credentials };
  const response = await send(
    options,
    { method: request.method, url: url.href, headers, maxBytes, timeoutMs, ...(body === '' ? {} : { body }) },
    signal,
  );
  const result = read(options, response);
  const { status } = result;
  // Some hosts say so with a status that callers expect, or with 200.
  if (options.explain?.(result) === 'rate') throw result.failure();
  if ((status >= 200 && status < 300) || request.expect?.includes(status) === true) return result;
  throw result.failure();
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
      // Without it Node would send the body in chunks, which some hosts refuse.
      ...(request.method === 'GET' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      ...request.headers,
    },
  };
}

async function send(
  { host, transport, codes }: ApiOptions,
  request: HttpRequest,
  signal?: AbortSignal,
): Promise<HttpResponse> {
  try {
    return await transport(request, signal);
  } catch (error) {
    if (signal?.aborted === true || !(error instanceof EverbindError)) throw error;
    const { reason = error.code } = error.facts;
    // The cause is dropped: Node may have attached a secret to it.
    throw new EverbindError(codes.failed, `${host} cannot be reached: ${error.message}`, { host, reason });
  }
}

function read(options: ApiOptions, { status, headers, body }: HttpResponse): ApiResponse {
  const { host, codes, explain, clock } = options;
  const result: ApiResponse = {
    status,
    headers,
    text: () => Buffer.from(body).toString('utf8'),
    read: (schema) => {
      const checked = schema.safeParse(jsonOf(options, status, body));
      if (checked.success) return checked.data;
      const [issue] = checked.error.issues;
      const where = issue === undefined || issue.path.length === 0 ? 'the whole' : issue.path.map(String).join('.');
      throw unusableResponse(codes.failed, host, `${where} is not as documented`, status);
    },
    peek: (schema) => {
      try {
        return result.read(schema);
      } catch {
        return null;
      }
    },
    failure: () => {
      const refusal = explain?.(result) ?? byStatus(status);
      const wait = retryAfterMs(headers, clock.now());
      if (refusal === 'credentials') {
        const message = `${host} refuses the credentials, or they may not do this`;
        return new EverbindError(codes.credentials, message, { host, status }, { facts: { httpStatus: status } });
      }
      if (refusal === 'rate') {
        const facts = { retryAfterMs: wait, httpStatus: status };
        return new EverbindError(
          codes.rate,
          `${host} asks to send fewer requests`,
          { host, retryAfterMs: wait },
          { facts },
        );
      }
      const message = `${host} responded with an error, status ${status}`;
      const facts = { httpStatus: status, ...(wait === null ? {} : { retryAfterMs: wait }) };
      return new EverbindError(codes.failed, message, { host, status }, { facts });
    },
  };
  return result;
}

function byStatus(status: number): Refusal | null {
  if (status === 401 || status === 403) return 'credentials';
  return status === 429 ? 'rate' : null;
}

function jsonOf({ host, codes }: ApiOptions, status: number, body: Uint8Array): unknown {
  try {
    return parseJson(body, 'response');
  } catch {
    throw unusableResponse(codes.failed, host, 'it is not JSON', status);
  }
}

/** A response that is not as documented. `problem`: our words, never the host's, which may repeat what was sent. */
export function unusableResponse(code: ErrorCode, host: string, problem: string, status: number): EverbindError {
  const message = `${host} sent an unusable response: ${problem}`;
  return new EverbindError(code, message, { host, status, problem }, { facts: { httpStatus: status } });
}
