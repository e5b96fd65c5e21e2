import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { HttpResponse } from '../../src/ports/transport.ts';
import { send } from './response.ts';
import { atCaTime } from './ca-time.ts';
import { cutResponse } from './cut.ts';
import type { NamedFault } from './fault.ts';
import type { FaultPlan } from './fault-plan.ts';
import { garble } from './garble.ts';
import { forwarded, MAX_BODY, readBody } from './incoming.ts';
import { createOldNonces } from './old-nonces.ts';
import { refusal } from './refusal.ts';
import { requestKind, type RequestKind } from './request-kind.ts';
import { createStuckOrders } from './stuck-orders.ts';
import { listenTls } from './tls-listener.ts';
import type { Upstream } from './upstream.ts';

export interface FaultProxyOptions {
  readonly upstream: Upstream;
  readonly plan: FaultPlan;
  /** How far the CA's clock is ahead of this machine's, in milliseconds, asked for each response. */
  readonly clockAheadMs?: () => number;
  /** Told before a request is forwarded and once the CA has answered it, before the client hears anything. */
  readonly onPass?: (kind: RequestKind, moment: 'request' | 'response') => void;
}

/** One request that reached the CA. */
export interface Passed {
  readonly kind: RequestKind;
  readonly path: string;
  /** Of the CA's response. */
  readonly status: number;
  /** Its Location, as the client would see it. */
  readonly location: string | null;
  /** Name of the fault that the exchange met. */
  readonly fault: string | null;
}

export interface FaultProxy {
  readonly directoryUrl: string;
  /** Trust this to talk to it (PEM). */
  readonly caPem: string;
  /** In the order of the CA's responses. */
  readonly passed: readonly Passed[];
  /** From now on everything passes as it is, and orders are as they are at the CA. */
  calm(): void;
  stop(): Promise<void>;
}

/**
 * An HTTPS server before a CA that spoils what its plan says. Requests are forwarded with the client's Host, from which
 * Pebble makes all URLs and checks those that were signed, so that everything leads back here.
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { upstream, plan, clockAheadMs = () => 0, onPass = () => {} } = options;
  const passed: Passed[] = [];
  const nonces = createOldNonces();
  const stuck = createStuckOrders();
  const before = new Map<string, HttpResponse>();
  let calm = false;

  async function forward(request: IncomingMessage, body: string, fault: string | null): Promise<HttpResponse> {
    const { method = 'GET', url = '/', headers } = request;
    const path = pathOf(request);
    const kind = requestKind(path);
    onPass(kind, 'request');
    const response = await upstream.transport({
      method: method as 'GET' | 'HEAD' | 'POST',
      url: `${upstream.origin}${url}`,
      headers: forwarded(headers),
      ...(body === '' ? {} : { body }),
      maxBytes: MAX_BODY,
      timeoutMs: 60_000,
    });
    const [location = null] = response.headers['location'] ?? [];
    passed.push({ kind, path, status: response.status, location, fault });
    onPass(kind, 'response');
    const timely = atCaTime(response, clockAheadMs());
    if (calm) return timely;
    if (kind === 'order') return stuck.pass(path, timely);
    if (kind === 'new-order' && location !== null) return stuck.pass(new URL(location).pathname, timely);
    return timely;
  }

  async function handle(request: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const path = pathOf(request);
    const kind = requestKind(path);
    const planned = calm ? null : plan.next(kind);
    const fault = planned?.fault ?? null;
    if (planned !== null && fault?.kind === 'cut' && fault.at === 'request') {
      plan.happened(planned);
      request.socket.destroy();
      return;
    }
    const body = await readBody(request);
    if (planned !== null && fault?.kind === 'refusal') {
      plan.happened(planned);
      send(outgoing, refusal(fault, Date.now() + clockAheadMs()));
      return;
    }
    // What the CA was asked for already it may have done: such an order is not stuck.
    const taken = passed.some((earlier) => earlier.path === path && earlier.status === 200);
    if (kind === 'finalize' && !calm && !taken && (fault?.kind === 'stuck' || stuck.isStuckAt(path))) {
      const response = stuck.stick(path);
      if (response !== null) {
        if (planned !== null && fault?.kind === 'stuck') plan.happened(planned);
        send(outgoing, response);
        return;
      }
    }
    const nothingBefore = fault?.kind === 'duplicate' && fault.what === 'response' && !before.has(path);
    let response = await forward(request, body, nothingBefore ? null : (planned?.name ?? null));
    if (planned !== null && fault?.kind === 'duplicate' && fault.what === 'request') {
      plan.happened(planned);
      response = await forward(request, body, planned.name);
    }
    nonces.used(body);
    const earlier = before.get(path);
    before.set(path, response);
    if (planned === null) send(outgoing, response);
    else await spoil(outgoing, response, planned, { kind, earlier });
  }

  /** Whatever happens to a response of the CA on its way. */
  async function spoil(
    outgoing: ServerResponse,
    response: HttpResponse,
    planned: NamedFault,
    { kind, earlier }: { readonly kind: RequestKind; readonly earlier: HttpResponse | undefined },
  ): Promise<void> {
    const { fault } = planned;
    const orNone = (spoilt: HttpResponse | null | undefined): void => {
      if (spoilt !== null && spoilt !== undefined) plan.happened(planned);
      send(outgoing, spoilt ?? response);
    };
    switch (fault.kind) {
      case 'latency':
        await setTimeout(fault.ms);
        return orNone(response);
      case 'cut':
        if (outgoing.socket === null || fault.at === 'request') return;
        if (!cutResponse(outgoing.socket, response, fault.at)) return orNone(null);
        plan.happened(planned);
        return;
      case 'garbled':
        return orNone(garble(response, fault.how));
      case 'quirk':
        return orNone(fault.change(kind, response));
      case 'nonce':
        return orNone(fault.how === 'lost' ? nonces.lose(response) : nonces.repeat(response));
      case 'duplicate':
        if (fault.what === 'response') return orNone(earlier);
        break;
      case 'refusal':
      case 'stuck':
    }
    send(outgoing, response);
  }

  // A client that goes away, or a CA that is stopped, ends the connection and nothing else.
  const listener = await listenTls((request, outgoing) => {
    handle(request, outgoing).catch(() => request.socket.destroy());
  });
  return {
    directoryUrl: `${listener.origin}/dir`,
    caPem: listener.caPem,
    passed,
    calm: () => {
      calm = true;
    },
    stop: () => listener.stop(),
  };
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/';
}
