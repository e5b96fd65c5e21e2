import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions as HttpsRequestOptions } from 'node:https';
import { TLSSocket } from 'node:tls';
import { ipVersion } from '../../pki/x509/ip-address.ts';
import type { Endpoint } from '../../ports/windows-host.ts';
import type { SelfCheckReason } from './self-check-reasons.ts';
import { urlHost } from '../token.ts';

export interface CheckRequest {
  /** Where to connect; the URL says only what to ask for. */
  readonly endpoint: Endpoint;
  readonly url: URL;
  readonly maxBytes: number;
  /** From connecting to the last octet. */
  readonly timeoutMs: number;
}

/** `unverified`: the peer's certificate cannot be trusted, so nothing was asked of it. */
export type CheckAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly location: string | null; readonly body: string }
  | { readonly kind: 'unverified' }
  | { readonly kind: 'failure'; readonly reason: SelfCheckReason; readonly code: string };

/** One GET, no redirect followed, every size bounded. Rejects only with the signal's reason. */
export function askOnce(ask: CheckRequest, signal?: AbortSignal): Promise<CheckAnswer> {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.timeout(ask.timeoutMs);
    const call = open(ask, AbortSignal.any(signal === undefined ? [limit] : [limit, signal]));
    const fail = (error: unknown): void => {
      if (signal?.aborted === true) reject(signal.reason as Error);
      else if (limit.aborted) resolve({ kind: 'failure', reason: 'connection-timeout', code: 'TIMEOUT' });
      else resolve(failureOf(call, error as NodeJS.ErrnoException));
    };
    call.on('error', fail);
    call.on('response', (answer) => {
      collect(answer, ask.maxBytes).then(resolve, fail);
    });
    call.end();
  });
}

function open({ endpoint, url }: CheckRequest, signal: AbortSignal): ClientRequest {
  // As a CA sends it: the name without a port, since the outside sees port 80 or 443 whatever this machine has.
  const host = url.hostname;
  const bare = host.startsWith('[') ? host.slice(1, -1) : host;
  const options: HttpsRequestOptions = {
    host: endpoint.address,
    port: endpoint.port,
    path: `${url.pathname}${url.search}`,
    method: 'GET',
    headers: { host: urlHost(bare), accept: '*/*', 'user-agent': 'everbind-self-check', connection: 'close' },
    agent: false,
    // Said for http too: Node would otherwise find out at length that the name is no address.
    servername: ipVersion(bare) === 0 ? bare : '',
    maxHeaderSize: 16_384,
    signal,
  };
  if (url.protocol === 'http:') return httpRequest(options);
  // Said, not left to the default: the environment variable NODE_TLS_REJECT_UNAUTHORIZED must not change it.
  return httpsRequest({ ...options, rejectUnauthorized: true });
}

async function collect(answer: IncomingMessage, maxBytes: number): Promise<CheckAnswer> {
  const status = answer.statusCode ?? 0;
  const location = answer.headers.location ?? null;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the connection.
    if (size > maxBytes) break;
    chunks.push(chunk);
  }
  if (size > maxBytes && status === 200) return { kind: 'failure', reason: 'body-too-large', code: 'TOO_LARGE' };
  return { kind: 'answer', status, location, body: Buffer.concat(chunks).toString('latin1') };
}

function failureOf(call: ClientRequest, error: NodeJS.ErrnoException): CheckAnswer {
  // Set only when the handshake itself went well and the certificate was the trouble.
  const untrusted = call.socket instanceof TLSSocket ? (call.socket.authorizationError as unknown) : null;
  if (untrusted !== null && untrusted !== undefined) return { kind: 'unverified' };
  const code = error.code ?? 'UNKNOWN';
  if (code === 'ECONNREFUSED') return { kind: 'failure', reason: 'connection-refused', code };
  return { kind: 'failure', reason: code === 'ETIMEDOUT' ? 'connection-timeout' : 'connection-failed', code };
}
