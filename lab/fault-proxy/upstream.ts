import { createTransport } from '../../src/net/transport.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { gated } from '../pebble/gate.ts';
import type { Pebble } from '../pebble/server.ts';

/** The CA behind one or more proxies. Pebble's gate holds for all of them together. */
export interface Upstream {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly transport: Transport;
  close(): void;
}

export function upstreamOf(pebble: Pick<Pebble, 'directoryUrl' | 'listenerCaPem'>): Upstream {
  const net = createTransport({ roots: [pebble.listenerCaPem], proxy: null, maxSockets: 64 });
  return { origin: new URL(pebble.directoryUrl).origin, transport: gated(net), close: () => net.close() };
}
