import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Endpoint } from '../../../src/ports/windows-host.ts';
import { letsIn, type SimFirewall } from './firewall.ts';
import type { Listeners } from './listeners.ts';

/** How the host is seen from outside, where a CA is: only what the firewall lets in arrives. */
export interface Outside {
  /**
   * Opens `at` on 127.0.0.1 (0: any number) as `port` of the host, and returns its number. A connection that the
   * firewall keeps out is reset: Windows drops it, and the CA's time-out would be all that the test shows.
   */
  open(port: number, at: number): Promise<number>;
  close(): Promise<void>;
}

/** `programAt`: where a program that listens on a port of the host by itself really is. */
export function createOutside(
  firewall: SimFirewall,
  listeners: Pick<Listeners, 'endpointOf'>,
  programAt: (port: number) => Endpoint,
): Outside {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('close', () => sockets.delete(socket)).on('error', () => {});
  };

  const accept = (port: number, outer: Socket): void => {
    track(outer);
    const httpSys = listeners.endpointOf('*', port);
    if (!letsIn(firewall, port, httpSys === null ? 'program' : 'http.sys')) {
      outer.resetAndDestroy();
      return;
    }
    const { address, port: number } = httpSys ?? programAt(port);
    const inner = track(connect(number, address));
    outer.on('close', () => inner.destroy());
    inner.on('close', () => outer.destroy());
    outer.pipe(inner).pipe(outer);
  };

  return {
    open: async (port, at) => {
      const server = createServer((socket) => accept(port, socket));
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(at, '127.0.0.1', resolve);
      });
      servers.push(server);
      const bound = server.address();
      return bound === null || typeof bound === 'string' ? at : bound.port;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}
