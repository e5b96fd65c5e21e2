import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpResponse } from '../../../src/ports/transport.ts';
import { forwarded, MAX_BODY, readBody } from '../../fault-proxy/incoming.ts';
import { requestKind, type RequestKind } from '../../fault-proxy/request-kind.ts';
import { jsonOf, send } from '../../fault-proxy/response.ts';
import { listenTls } from '../../fault-proxy/tls-listener.ts';
import { upstreamOf } from '../../fault-proxy/upstream.ts';
import type { CaPlace } from '../../pebble/front.ts';
import type { QuirkPlay, QuirkRequest } from '../../quirks/quirk.ts';

/** What the CA was asked for and did, as a front before it sees it. */
export interface CaRecord {
  /** Requests, those that the front itself answered and those whose response was lost among them. */
  readonly requests: number;
  /** URLs of the orders that the CA made. */
  readonly orders: ReadonlySet<string>;
  /** Paths of the orders for which the CA took a request for the certificate: it issues one for each. */
  readonly finalized: ReadonlySet<string>;
  /** Answers and responses that the quirk has changed. */
  readonly played: number;
  /** What was asked for, in order, for people. */
  readonly lines: readonly string[];
}

/** A server before a CA that plays a quirk, loses responses, and keeps count. */
export interface CaFront extends CaPlace {
  record(): CaRecord;
  /**
   * The n-th response from now on, counted from 1, is lost once the CA has done what it was asked for. `lost` says for
   * which request that was; null: it did not come to that.
   */
  loseResponse(number: number): { lost(): RequestKind | null };
  stop(): Promise<void>;
}

/** Speaks HTTPS on loopback and passes the client's Host on, from which the CA makes its URLs. */
export async function startCaFront(ca: CaPlace, play: QuirkPlay = {}): Promise<CaFront> {
  const upstream = upstreamOf(ca);
  const orders = new Set<string>();
  const finalized = new Set<string>();
  const lines: string[] = [];
  const underWay = new Map<RequestKind, number>();
  let requests = 0;
  let played = 0;
  let loseAt: { number: number; lost: RequestKind | null } | null = null;

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await readBody(incoming);
    const { method = 'GET', url = '/', headers } = incoming;
    const [path = '/'] = url.split('?', 1);
    const kind = requestKind(path);
    requests += 1;
    const request: QuirkRequest = {
      kind,
      path,
      url: `${listener.origin}${path}`,
      payload: payloadOf(body),
      underWay: underWay.get(kind) ?? 0,
    };
    const own = play.answer?.(request) ?? null;
    if (own !== null) {
      played += 1;
      lines.push(`${method} ${path} ${own.status} (the quirk)`);
      send(outgoing, own);
      return;
    }
    underWay.set(kind, (underWay.get(kind) ?? 0) + 1);
    const response = await upstream
      .transport({
        method: method as 'GET' | 'HEAD' | 'POST',
        url: `${upstream.origin}${url}`,
        headers: forwarded(headers),
        ...(body === '' ? {} : { body }),
        maxBytes: MAX_BODY,
        timeoutMs: 60_000,
      })
      .finally(() => underWay.set(kind, (underWay.get(kind) ?? 1) - 1));
    note(kind, path, response);
    const lostByQuirk = play.loses?.(request, response) === true;
    if (lostByQuirk) played += 1;
    const lost = loseNow(kind) || lostByQuirk;
    const spoilt = play.spoil?.(request, response) ?? null;
    if (spoilt !== null) played += 1;
    lines.push(`${method} ${path} ${response.status}${lost ? ' (lost)' : spoilt === null ? '' : ' (changed)'}`);
    if (lost) incoming.socket.destroy();
    else send(outgoing, spoilt ?? response);
  }

  function note(kind: RequestKind, path: string, response: HttpResponse): void {
    const [location] = response.headers['location'] ?? [];
    if (kind === 'new-order' && response.status === 201 && location !== undefined) orders.add(location);
    const taken = kind === 'finalize' && response.status === 200 && jsonOf(response)?.['status'] !== 'invalid';
    if (taken) finalized.add(path);
  }

  function loseNow(kind: RequestKind): boolean {
    if (loseAt === null || loseAt.number === 0) return false;
    loseAt.number -= 1;
    if (loseAt.number > 0) return false;
    loseAt.lost = kind;
    return true;
  }

  const listener = await listenTls((request, outgoing) => {
    handle(request, outgoing).catch(() => request.socket.destroy());
  });
  return {
    directoryUrl: `${listener.origin}${new URL(ca.directoryUrl).pathname}`,
    listenerCaPem: listener.caPem,
    record: () => ({ requests, orders, finalized, played, lines }),
    loseResponse: (number) => {
      const order = { number, lost: null };
      loseAt = order;
      return { lost: () => order.lost };
    },
    stop: async () => {
      await listener.stop();
      upstream.close();
    },
  };
}

/** What a JWS holds (RFC 7515 section 7.2); null for no JSON object. */
function payloadOf(body: string): Readonly<Record<string, unknown>> | null {
  try {
    const { payload } = JSON.parse(body) as { readonly payload: string };
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  } catch {
    return null;
  }
}
