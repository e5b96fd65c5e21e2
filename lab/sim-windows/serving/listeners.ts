import { createServer, type Server, type Socket } from 'node:net';
import type { Endpoint } from '../../../src/ports/windows-host.ts';
import { createPlacement } from '../placement.ts';

/** What must listen, as configured. */
export interface Wanted {
  readonly scheme: 'http' | 'https' | 'ftp';
  /** `*` or an IP address. */
  readonly address: string;
  readonly port: number;
}

/** A socket on loopback that stands for one or more configured addresses of one port. */
export interface Listener {
  readonly scheme: 'http' | 'https' | 'ftp';
  /** As configured. */
  readonly port: number;
  readonly endpoint: Endpoint;
  /** As configured; `*` among them for the wildcard. */
  readonly addresses: ReadonlySet<string>;
}

export interface Listeners {
  /**
   * Opens what is missing, closes what is no longer wanted. Rejects with EADDRINUSE when port 80 cannot have its
   * number.
   */
  reconcile(wanted: readonly Wanted[]): Promise<void>;
  /** Where a configured address and port went; null when nothing listens for it. */
  endpointOf(address: string, port: number): Endpoint | null;
  /** The loopback address that stands for a configured one. */
  loopbackOf(address: string): string;
  close(): Promise<void>;
}

interface Open extends Listener {
  readonly addresses: Set<string>;
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

/**
 * Keeps the sockets. All of port 80 gets the number `httpPort` on whatever loopback address, since a CA under test
 * validates at one number; other ports get one free number for all their addresses where that is free, or keep their
 * own with `keepPorts`.
 */
export function createListeners(options: {
  readonly httpPort: number;
  readonly keepPorts: boolean;
  readonly hasIpv6: boolean;
  readonly onConnection: (socket: Socket, listener: Listener) => void;
}): Listeners {
  const placement = createPlacement(options.hasIpv6);
  const open = new Map<string, Open>();
  // Numbers are kept when a listener closes: who was told one may come back.
  const numbers = new Map<string, number>();
  const common = new Map<number, number>([[80, options.httpPort]]);

  const place = (address: string, port: number): { readonly key: string; readonly loopback: string } => {
    const { address: loopback, shared } = placement.loopbackFor(address);
    // All IPv6 addresses are on ::1, so they need numbers of their own, except on port 80, where hosts tell them apart.
    const own = shared && address !== '*' && port !== 80;
    return { key: own ? `${loopback} ${port} ${address}` : `${loopback} ${port}`, loopback };
  };

  const candidates = (key: string, port: number): readonly number[] => {
    const known = numbers.get(key) ?? common.get(port);
    if (port === 80) return [options.httpPort];
    return [...(known === undefined ? [] : [known]), ...(options.keepPorts ? [port] : []), 0];
  };

  const start = async (key: string, loopback: string, { scheme, port }: Wanted): Promise<Open> => {
    const sockets = new Set<Socket>();
    let listener: Open | null = null;
    const accept = (socket: Socket): void => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      if (listener === null) socket.destroy();
      else options.onConnection(socket, listener);
    };
    const numbersToTry = candidates(key, port);
    for (const [index, number] of numbersToTry.entries()) {
      try {
        const server = await listen(loopback, number, accept);
        const bound = server.address();
        const actual = bound === null || typeof bound === 'string' ? number : bound.port;
        numbers.set(key, actual);
        if (!common.has(port)) common.set(port, actual);
        listener = {
          scheme,
          port,
          endpoint: { address: loopback, port: actual },
          addresses: new Set(),
          server,
          sockets,
        };
        return listener;
      } catch (error) {
        // It is taken, or a low number that needs rights: any other will do.
        const { code } = error as NodeJS.ErrnoException;
        const last = index === numbersToTry.length - 1;
        if (last || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error;
      }
    }
    throw new Error('no port to try');
  };

  const stop = async (key: string, listener: Open): Promise<void> => {
    open.delete(key);
    for (const socket of listener.sockets) socket.destroy();
    await new Promise((resolve) => listener.server.close(resolve));
  };

  return {
    reconcile: async (wanted) => {
      const groups = new Map<string, { readonly loopback: string; readonly wanted: Wanted[] }>();
      for (const one of wanted) {
        const { key, loopback } = place(one.address, one.port);
        const group = groups.get(key) ?? { loopback, wanted: [] };
        groups.set(key, group);
        group.wanted.push(one);
      }
      for (const [key, listener] of open) {
        if (groups.get(key)?.wanted[0]?.scheme !== listener.scheme) await stop(key, listener);
      }
      for (const [key, group] of groups) {
        const [first] = group.wanted;
        if (first === undefined) continue;
        const listener = open.get(key) ?? (await start(key, group.loopback, first));
        open.set(key, listener);
        listener.addresses.clear();
        for (const { address, scheme } of group.wanted) {
          if (scheme === listener.scheme) listener.addresses.add(address);
        }
      }
    },
    endpointOf: (address, port) => {
      const listener = open.get(place(address, port).key);
      return listener?.addresses.has(address) === true ? listener.endpoint : null;
    },
    loopbackOf: (address) => placement.loopbackFor(address).address,
    close: async () => {
      await Promise.all([...open].map(([key, listener]) => stop(key, listener)));
    },
  };
}

function listen(host: string, port: number, accept: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(accept);
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}
