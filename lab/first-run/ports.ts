import type { WindowsHost } from '../../src/ports/windows-host.ts';
import { canListen } from '../../src/selftest/temporary-site.ts';
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
