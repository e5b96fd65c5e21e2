import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions as HttpsRequestOptions } from 'node:https';
import { TLSSocket } from 'node:tls';
import { ipVersion } from '../../pki/x509/ip-address.ts';
import type { Endpoint } from '../../ports/windows-host.ts';
import type { SelfCheckReason } from './self-check-reasons.ts';
import { urlHost } from '../token.ts';

export interface CheckRequest {
  /** Where to connect, whatever the host of the URL. */
  readonly endpoint: Endpoint;
  readonly url: URL;
  readonly maxBytes: number;
  /** From connecting to the last octet. */
  readonly timeoutMs: number;
}

/** `unverified`: the peer's certificate cannot be trusted, so no request was sent. */
export type CheckResponse =
  | { readonly kind: 'response'; readonly status: number; readonly location: string | null; readonly body: string }
  | { readonly kind: 'unverified' }
  | { readonly kind: 'failure'; readonly reason: SelfCheckReason; readonly code: string };

/** One GET without redirects, with every size bounded. Rejects with the signal's reason only. */
export function askOnce(ask: CheckRequest, signal?: AbortSignal): Promise<CheckResponse> {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.timeout(ask.timeoutMs);
    const call = open(ask, AbortSignal.any(signal === undefined ? [limit] : [limit, signal]));
    const fail = (error: unknown): void => {
      if (signal?.aborted === true) reject(signal.reason as Error);
      else if (limit.aborted) resolve({ kind: 'failure', reason: 'connection-timeout', code: 'TIMEOUT' });
      else resolve(failureOf(call, error as NodeJS.ErrnoException));
    };
    call.on('error', fail);
    call.on('response', (response) => {
      collect(response, ask.maxBytes).then(resolve, fail);
    });
    call.end();
  });
}

function open({ endpoint, url }: CheckRequest, signal: AbortSignal): ClientRequest {
  // As a CA sends it: the name without a port, since the CA connects to port 80 or 443, whatever port this machine has.
  const host = url.hostname;
  const bare = host.startsWith('[') ? host.slice(1, -1) : host;
  const options: HttpsRequestOptions = {
    host: endpoint.address,
    port: endpoint.port,
    path: `${url.pathname}${url.search}`,
    method: 'GET',
    headers: { host: urlHost(bare), accept: '*/*', 'user-agent': 'everbind-self-check', connection: 'close' },
    agent: false,
    // For http too: Node would otherwise find out slowly that the name is no address.
    servername: ipVersion(bare) === 0 ? bare : '',
    maxHeaderSize: 16_384,
    signal,
  };
  if (url.protocol === 'http:') return httpRequest(options);
  // Set explicitly, so that the environment variable NODE_TLS_REJECT_UNAUTHORIZED cannot change it.
  return httpsRequest({ ...options, rejectUnauthorized: true });
}

async function collect(response: IncomingMessage, maxBytes: number): Promise<CheckResponse> {
  const status = response.statusCode ?? 0;
  const location = response.headers.location ?? null;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the connection.
    if (size > maxBytes) break;
    chunks.push(chunk);
  }
  if (size > maxBytes && status === 200) return { kind: 'failure', reason: 'body-too-large', code: 'TOO_LARGE' };
  return { kind: 'response', status, location, body: Buffer.concat(chunks).toString('latin1') };
}

function failureOf(call: ClientRequest, error: NodeJS.ErrnoException): CheckResponse {
  // Set only when the handshake succeeded and the certificate was the problem.
  const untrusted = call.socket instanceof TLSSocket ? (call.socket.authorizationError as unknown) : null;
  if (untrusted !== null && untrusted !== undefined) return { kind: 'unverified' };
  const code = error.code ?? 'UNKNOWN';
  if (code === 'ECONNREFUSED') return { kind: 'failure', reason: 'connection-refused', code };
  return { kind: 'failure', reason: code === 'ETIMEDOUT' ? 'connection-timeout' : 'connection-failed', code };
}
