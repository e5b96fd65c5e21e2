import type { HttpResponse } from '../../src/ports/transport.ts';
import { jsonOf, withHeader, withJson } from './response.ts';

/** Orders that never leave `processing`. */
export interface StuckOrders {
  /** Remembers an order that passes by; the path is its own. Returns it as the client is to see it. */
  pass(path: string, response: HttpResponse): HttpResponse;
  /**
   * From now on the order that is finalized at this path is stuck. Its response; null when no order with this path was
   * seen.
   */
  stick(finalizePath: string): HttpResponse | null;
  isStuckAt(finalizePath: string): boolean;
}

interface Seen {
  readonly order: string;
  readonly response: HttpResponse;
}

export function createStuckOrders(): StuckOrders {
  const byFinalize = new Map<string, Seen>();
  const stuck = new Set<string>();
  return {
    pass: (order, response) => {
      const finalize = jsonOf(response)?.['finalize'];
      if (typeof finalize === 'string') byFinalize.set(new URL(finalize).pathname, { order, response });
      return stuck.has(order) ? processing(response) : response;
    },
    stick: (path) => {
      const seen = byFinalize.get(path);
      if (seen === undefined) return null;
      stuck.add(seen.order);
      // The nonce of that response is used; a client without one asks for one.
      return withHeader({ ...processing(seen.response), status: 200 }, 'replay-nonce', null);
    },
    isStuckAt: (path) => stuck.has(byFinalize.get(path)?.order ?? ''),
  };
}

function processing(response: HttpResponse): HttpResponse {
  const order = jsonOf(response);
  if (order === null || order['status'] === 'invalid') return response;
  const { certificate: _, ...rest } = order;
  return withJson(response, { ...rest, status: 'processing' });
}
