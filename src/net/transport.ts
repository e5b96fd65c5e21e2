import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import type { Socket } from 'node:net';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { EverbindError } from '../errors/error.ts';
import type { HttpRequest, HttpResponse, Transport } from '../ports/transport.ts';
import { checkUrl } from '../acme/url-policy.ts';
import { brokenOff, connectionFailed, responseTooLarge, timedOut } from './failure.ts';
import { type Environment, proxyEnvironment } from './proxy.ts';
import { createTrust, type TrustOptions } from './trust.ts';

export interface TransportOptions extends TrustOptions {
  /** Lets plain http to loopback addresses through. */
  readonly allowInsecureLoopback?: boolean | undefined;
  /** Connections to one host at a time; 16 by default. */
  readonly maxSockets?: number | undefined;
  /** HTTPS_PROXY, HTTP_PROXY and NO_PROXY, upper or lower case; the process's environment by default, null for none. */
  readonly proxy?: Environment | null | undefined;
  /** Sent where the request names none. */
  readonly userAgent?: string | undefined;
}

export interface TransportStats {
  readonly requests: number;
  /** Connections opened. */
  readonly connections: number;
}

/** A Transport (see the port) over one pool of kept-alive HTTP/1.1 connections. */
export interface NetTransport extends Transport {
  stats(): TransportStats;
  /** Drops the pooled connections. Requests under way fail. */
  close(): void;
}

const idleMs = 30_000;
/** After a pause of the network every kept connection may be dead. */
const maxStale = 3;

export function createTransport(options: TransportOptions = {}): NetTransport {
  const policy = { allowInsecureLoopback: options.allowInsecureLoopback === true };
  const pool = () => ({
    keepAlive: true,
    // The connection used last is the least likely to have been dropped by the server.
    scheduling: 'lifo' as const,
    maxSockets: options.maxSockets ?? 16,
    maxTotalSockets: 64,
    timeout: idleMs,
    ...(options.proxy === null ? {} : { proxyEnv: proxyEnvironment(options.proxy ?? process.env) }),
  });
  const agents: { https?: HttpsAgent; http?: HttpAgent } = {};
  const seen = new WeakSet<Socket>();
  const counts = { requests: 0, connections: 0 };
  let closed = false;

  function start(request: HttpRequest): ClientRequest {
    const url = new URL(request.url);
    const { method } = request;
    const headers =
      options.userAgent === undefined ? request.headers : { 'user-agent': options.userAgent, ...request.headers };
    if (url.protocol === 'http:')
      return requestHttp(url, { method, headers, agent: (agents.http ??= new HttpAgent(pool())) });
    agents.https ??= new HttpsAgent({
      ...pool(),
      secureContext: createTrust(options),
      minVersion: 'TLSv1.2',
      // Said, not left to the default: the environment variable NODE_TLS_REJECT_UNAUTHORIZED must not change it.
      rejectUnauthorized: true,
    });
    return requestHttps(url, { method, headers, agent: agents.https });
  }

  /** Notes a connection; false when an earlier request had it. `ClientRequest.reusedSocket` misses those handed to a queued request. */
  function isNew(socket: Socket): boolean {
    if (seen.has(socket)) return false;
    seen.add(socket);
    counts.connections += 1;
    return true;
  }

  const transport = async (request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> => {
    checkUrl(request.url, 'request', policy);
    signal?.throwIfAborted();
    const deadline = Date.now() + request.timeoutMs;
    for (let attempt = 0; ; attempt += 1) {
      counts.requests += 1;
      try {
        return await exchange(start(request), request, { deadline, isNew, signal });
      } catch (error) {
        // The server closed a kept connection while the request was on its way (RFC 9112 section 9.3.1). ACME requests may be repeated as
        // they are: had the first one been taken, its nonce would be used up and the repetition refused.
        if (!(error instanceof StaleConnection)) throw error;
        if (attempt === maxStale || closed) throw connectionFailed(request.url, error.cause);
      }
    }
  };
  return Object.assign(transport, {
    stats: () => ({ ...counts }),
    close: () => {
      closed = true;
      agents.https?.destroy();
      agents.http?.destroy();
    },
  });
}

/** A kept connection ended before the first octet of an answer. */
class StaleConnection extends Error {}

interface ExchangeContext {
  readonly deadline: number;
  isNew(socket: Socket): boolean;
  readonly signal: AbortSignal | undefined;
}

function exchange(call: ClientRequest, request: HttpRequest, context: ExchangeContext): Promise<HttpResponse> {
  const { deadline, signal } = context;
  return new Promise((resolve, reject) => {
    let answered = false;
    let reused = false;
    // One limit for the whole exchange: a server that sends an octet now and then gains nothing.
    const timer = setTimeout(() => fail(timedOut(request)), Math.max(deadline - Date.now(), 1));
    const abort = (): void => fail(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });

    function settle(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }

    function finish(response: HttpResponse): void {
      settle();
      resolve(response);
    }

    function fail(error: unknown): void {
      settle();
      reject(error instanceof Error ? error : new Error('The request was aborted', { cause: error }));
      call.destroy();
    }

    function lost(error: unknown): void {
      const stale = !answered && reused && isReset(error);
      fail(stale ? new StaleConnection('stale', { cause: error }) : connectionFailed(request.url, error));
    }

    call.on('socket', (socket: Socket) => {
      reused = !context.isNew(socket);
    });
    call.on('error', lost);
    // We ask for no upgrade; an answer that switches protocols would otherwise hang until the time limit.
    call.on('upgrade', (_response, socket) => {
      socket.destroy();
      lost(brokenOff('PROTOCOL_SWITCHED'));
    });
    call.on('response', (response) => {
      answered = true;
      collect(response, request, finish, (error) => (error instanceof EverbindError ? fail(error) : lost(error)));
    });
    call.end(request.body);
  });
}

function collect(
  response: IncomingMessage,
  request: HttpRequest,
  finish: (response: HttpResponse) => void,
  fail: (error: Error) => void,
): void {
  const chunks: Buffer[] = [];
  let length = 0;
  if (Number(response.headers['content-length'] ?? 0) > request.maxBytes) {
    fail(responseTooLarge(request));
    return;
  }
  response.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > request.maxBytes) fail(responseTooLarge(request));
    else chunks.push(chunk);
  });
  response.on('error', fail);
  response.on('close', () => {
    if (!response.complete) fail(brokenOff('CUT_SHORT'));
  });
  response.on('end', () => {
    const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    finish({ status: response.statusCode ?? 0, headers: headersOf(response), body });
  });
}

function headersOf(response: IncomingMessage): Record<string, readonly string[]> {
  // Without a prototype, so that no header name of the server meets a member of Object.
  const headers = Object.create(null) as Record<string, string[]>;
  const raw = response.rawHeaders;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    (headers[(raw[index] ?? '').toLowerCase()] ??= []).push(raw[index + 1] ?? '');
  }
  return headers;
}

function isReset(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ECONNRESET' || code === 'EPIPE';
}
