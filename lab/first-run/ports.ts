import { createServer } from 'node:net';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import { PORTS } from './own-names.ts';

/** Hands out ports that nothing uses, each once. Records of others count as use. */
export function createPorts(host: WindowsHost): () => Promise<number> {
  let next: number = PORTS.lowest;
  let taken: ReadonlySet<number> | null = null;
  return async () => {
    taken ??= new Set((await host.sslRecords.enumerate()).map(({ key }) => key.port));
    while (next <= PORTS.highest) {
      const port = next;
      next += 1;
      if (!taken.has(port) && (await canListen(port))) return port;
    }
    throw new Error(`no port from ${PORTS.lowest} to ${PORTS.highest} is free`);
  };
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
