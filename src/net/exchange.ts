import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { EverbindError } from '../errors/error.ts';
import type { HttpRequest, HttpResponse } from '../ports/transport.ts';
import { connectionFailed, protocolSwitched, responseTooLarge, timedOut } from './net-failure.ts';

/** A kept connection ended before the first octet of a response. */
export class StaleConnection extends Error {}

export interface ExchangeContext {
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** Whether this request is the first on the connection. */
  isNew(socket: Socket): boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends the request on a call that was just made and collects the whole response within its bounds. Throws
 * StaleConnection and what the port says.
 */
export function exchange(call: ClientRequest, request: HttpRequest, context: ExchangeContext): Promise<HttpResponse> {
  const { deadline, signal } = context;
  return new Promise((resolve, reject) => {
    let responded = false;
    let reused = false;
    // One limit for the whole exchange, so that a server that sends an octet now and then gains nothing.
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
      const stale = !responded && reused && isReset(error);
      fail(stale ? new StaleConnection('stale', { cause: error }) : connectionFailed(request.url, error));
    }

    call.on('socket', (socket: Socket) => {
      reused = !context.isNew(socket);
    });
    call.on('error', lost);
    // We ask for no upgrade. A response that switches protocols would otherwise hang until the time limit.
    call.on('upgrade', (_response, socket) => {
      socket.destroy();
      lost(protocolSwitched());
    });
    call.on('response', (response) => {
      responded = true;
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
  const headers = headersOf(response);
  if (Number(headers['content-length']?.[0] ?? 0) > request.maxBytes) {
    fail(responseTooLarge(request));
    return;
  }
  response.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > request.maxBytes) fail(responseTooLarge(request));
    else chunks.push(chunk);
  });
  // Also when the connection ends within the response.
  response.on('error', fail);
  response.on('end', () => {
    const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    finish({ status: response.statusCode ?? 0, headers, body });
  });
}

function headersOf(response: IncomingMessage): Record<string, readonly string[]> {
  // Without a prototype, so that no header name can be that of a member of Object.
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
