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
  /** Lets plain http to this host through and to no other: the metadata address of clouds. */
  readonly plainHost?: string | undefined;
  /** Connections to one host at a time; 64 by default, one for each certificate that may be renewed at once. */
  readonly maxSockets?: number | undefined;
  /** HTTPS_PROXY and NO_PROXY, upper or lower case; the process's environment by default, null for none. */
  readonly proxy?: Environment | null | undefined;
  /** The User-Agent of requests that have none of their own. */
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
  /** Closes all connections of the pool. Requests under way fail. */
  close(): void;
}

const idleMs = 30_000;
/** How often one request may meet a dead connection: after the network was away all kept connections may be dead. */
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
      // Set explicitly, so that the environment variable NODE_TLS_REJECT_UNAUTHORIZED cannot change it.
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
    // Without a proxy: plain http is for this machine alone, and the loopback of a proxy is another machine.
    if (protocol === 'http:') return requestHttp({ ...call, agent: (plain ??= new HttpAgent(pool())) });
    // Node would find this out itself, slowly for a name.
    const servername = ipVersion(host) === 0 ? host : '';
    return requestHttps({ ...call, servername, agent: secureAgent(trust) });
  }

  /**
   * Counts a connection; false when an earlier request had it. `ClientRequest.reusedSocket` misses connections that are
   * handed to a queued request.
   */
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
          // The handshake failed, so nothing was sent.
          counts.requests -= 1;
          stage = Math.max(stage, trust + 1);
          continue;
        }
        // The server closed a kept connection while the request was on its way (RFC 9112 section 9.3.1). The request is
        // repeated, and the response says so: the caller must know that the server may have taken the first one.
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
