import { connect, createServer, type Socket } from 'node:net';

export interface LatencyProxy {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * A TCP proxy on loopback before `port` that has every octet wait `delayMs` on its way, in each direction: a round trip
 * takes twice that. The handshake of TCP itself is not delayed, which favours those who open many connections. Nothing
 * is held back for a slow reader; it is for messages that are small.
 */
export async function startLatencyProxy(port: number, delayMs: number): Promise<LatencyProxy> {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      // Timers of equal length fire in the order in which they were set, so that nothing overtakes.
      from.on('data', (chunk: Buffer) => setTimeout(() => to.write(chunk), delayMs));
      from.on('end', () => setTimeout(() => to.end(), delayMs));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        open.delete(from);
        setTimeout(() => to.destroy(), delayMs);
      });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    port: address.port,
    stop: () => {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
