import type { HttpResponse } from '../../src/ports/transport.ts';
import { jsonOf, withHeader, withJson } from './answer.ts';

/** Orders that never leave `processing`. */
export interface StuckOrders {
  /** Remembers an order that passes by; the path is its own. Answers with it as it is to be seen. */
  pass(path: string, answer: HttpResponse): HttpResponse;
  /**
   * From now on the order that is finalized at this path is stuck. Its answer; null when no order with this path was
   * seen.
   */
  stick(finalizePath: string): HttpResponse | null;
  isStuckAt(finalizePath: string): boolean;
}

interface Seen {
  readonly order: string;
  readonly answer: HttpResponse;
}

export function createStuckOrders(): StuckOrders {
  const byFinalize = new Map<string, Seen>();
  const stuck = new Set<string>();
  return {
    pass: (order, answer) => {
      const finalize = jsonOf(answer)?.['finalize'];
      if (typeof finalize === 'string') byFinalize.set(new URL(finalize).pathname, { order, answer });
      return stuck.has(order) ? processing(answer) : answer;
    },
    stick: (path) => {
      const seen = byFinalize.get(path);
      if (seen === undefined) return null;
      stuck.add(seen.order);
      // The nonce of that answer is used; a client without one asks for one.
      return withHeader({ ...processing(seen.answer), status: 200 }, 'replay-nonce', null);
    },
    isStuckAt: (path) => stuck.has(byFinalize.get(path)?.order ?? ''),
  };
}

function processing(answer: HttpResponse): HttpResponse {
  const order = jsonOf(answer);
  if (order === null || order['status'] === 'invalid') return answer;
  const { certificate: _, ...rest } = order;
  return withJson(answer, { ...rest, status: 'processing' });
}
