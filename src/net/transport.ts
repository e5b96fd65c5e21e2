import { Agent as HttpAgent, type ClientRequest, request as requestHttp } from 'node:http';
import type { Socket } from 'node:net';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { HttpRequest, HttpResponse, Transport } from '../ports/transport.ts';
import { ipVersion, isLoopbackHost } from '../pki/x509/ip-address.ts';
import { exchange, StaleConnection } from './exchange.ts';
import { connectionFailed, insecureUrl, isUntrusted } from './net-failure.ts';
import { type Environment, proxyEnvironment } from './proxy.ts';
import { type TrustOptions, trustStages } from './trust.ts';

export interface TransportOptions extends TrustOptions {
  /** Lets plain http to loopback addresses through. */
  readonly allowInsecureLoopback?: boolean | undefined;
  /** Lets plain http to this host through and to no other one: the address at which clouds answer their own machines. */
  readonly plainHost?: string | undefined;
  /** Connections to one host at a time; 64 by default: one for each certificate that may be worked on at once. */
  readonly maxSockets?: number | undefined;
  /** HTTPS_PROXY and NO_PROXY, upper or lower case; the process's environment by default, null for none. */
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
  const pool = () => ({
    keepAlive: true,
    // The connection used last is the least likely to have been dropped by the server.
    scheduling: 'lifo' as const,
    maxSockets: options.maxSockets ?? 64,
    maxTotalSockets: 64,
    timeout: idleMs,
  });
  const proxied = () => (options.proxy === null ? {} : { proxyEnv: proxyEnvironment(options.proxy ?? process.env) });
  const stages = trustStages(options);
  const secure: HttpsAgent[] = [];
  let plain: HttpAgent | null = null;
  let stage = 0;
  const seen = new WeakSet<Socket>();
  const counts = { requests: 0, connections: 0 };
  let closed = false;

  function secureAgent(trust: number): HttpsAgent {
    return (secure[trust] ??= new HttpsAgent({
      ...pool(),
      ...proxied(),
      secureContext: stages[trust]?.(),
      // Said, not left to the default: the environment variable NODE_TLS_REJECT_UNAUTHORIZED must not change it.
      rejectUnauthorized: true,
    }));
  }

  function allowedUrl(text: string): URL {
    const url = URL.parse(text);
    if (url === null) throw insecureUrl('is not an absolute URL');
    if (options.plainHost !== undefined && url.host === options.plainHost) return url;
    const local = options.allowInsecureLoopback === true && isLoopbackHost(url.hostname);
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local)) throw insecureUrl('is not https');
    if (url.username !== '' || url.password !== '') throw insecureUrl('holds credentials');
    return url;
  }

  function start(request: HttpRequest, url: URL, trust: number): ClientRequest {
    const { protocol, hostname } = url;
    const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
    const call = {
      protocol,
      host,
      port: url.port === '' ? null : url.port,
      path: `${url.pathname}${url.search}`,
      method: request.method,
      headers:
        options.userAgent === undefined ? request.headers : { 'user-agent': options.userAgent, ...request.headers },
    };
    // Without a proxy: plain http is for this machine alone, and what a proxy calls loopback is another one.
    if (protocol === 'http:') return requestHttp({ ...call, agent: (plain ??= new HttpAgent(pool())) });
    // What Node would find out by itself, at length for what is no address.
    const servername = ipVersion(host) === 0 ? host : '';
    return requestHttps({ ...call, servername, agent: secureAgent(trust) });
  }

  /** Notes a connection; false when an earlier request had it. `ClientRequest.reusedSocket` misses those handed to a queued request. */
  function isNew(socket: Socket): boolean {
    if (seen.has(socket)) return false;
    seen.add(socket);
    counts.connections += 1;
    return true;
  }

  const transport = async (request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> => {
    const url = allowedUrl(request.url);
    signal?.throwIfAborted();
    const deadline = Date.now() + request.timeoutMs;
    let stale = 0;
    for (;;) {
      const trust = stage;
      counts.requests += 1;
      try {
        const response = await exchange(start(request, url, trust), request, { deadline, isNew, signal });
        return stale === 0 ? response : { ...response, repeated: true };
      } catch (error) {
        if (isUntrusted(error) && trust < stages.length - 1) {
          // Nothing was sent yet: the handshake failed.
          counts.requests -= 1;
          stage = Math.max(stage, trust + 1);
          continue;
        }
        // The server closed a kept connection while the request was on its way (RFC 9112 section 9.3.1). ACME requests may be repeated as
        // they are: had the first one been taken, its nonce would be used up and the repetition refused. The answer says that it was repeated.
        if (!(error instanceof StaleConnection)) throw error;
        stale += 1;
        if (stale > maxStale || closed) throw connectionFailed(request.url, error.cause);
      }
    }
  };
  return Object.assign(transport, {
    stats: () => ({ ...counts }),
    close: () => {
      closed = true;
      for (const agent of [...secure, plain]) agent?.destroy();
    },
  });
}
