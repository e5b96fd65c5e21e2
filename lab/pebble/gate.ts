import type { Transport } from '../../src/ports/transport.ts';

/**
 * Passes newOrder and authorization fetches to Pebble one at a time. Pebble 2.10 deadlocks otherwise: a reader of an
 * authorization holds its lock and asks for the database's, newOrder holds the database's and asks for the
 * authorization's, and one waiting writer closes the ring.
 */
export function gated(transport: Transport): Transport {
  const enter = createGate();
  return (request, signal) =>
    needsGate(request.url) ? enter(() => transport(request, signal)) : transport(request, signal);
}

/** Whether a request to this URL of Pebble must pass the gate. */
export function needsGate(url: string): boolean {
  return /\/(order-plz|authZ\/)/.test(url);
}

/** Runs the work that it is given one after another. */
export function createGate(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => {});
    return next;
  };
}
