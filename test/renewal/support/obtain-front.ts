import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Pebble } from '../../../lab/pebble/server.ts';
import type { CaAddress } from './state.ts';

/** An address that a CA keeps while it is offline, and while it is replaced by one that knows nothing of what was. */
export interface Front {
  readonly ca: CaAddress;
  /** What the one that stands behind it now is trusted by (PEM). */
  listenerCaPem(): string;
  /** Connections break until `online`. */
  offline(): void;
  online(): void;
  /** The CA with this index stands behind the address from now on. */
  switchTo(index: number): void;
  stop(): Promise<void>;
}

/** Passes connections on to the first of these. Certificates of all of them are trusted. */
export async function startFront(pebbles: readonly [Pebble, ...Pebble[]]): Promise<Front> {
  let target: Pebble = pebbles[0];
  let open = true;
  const sockets = new Set<Socket>();
  const dropAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((visitor) => {
    keep(visitor);
    if (!open) {
      visitor.destroy();
      return;
    }
    const behind = connect(Number(new URL(target.directoryUrl).port), '127.0.0.1');
    keep(behind);
    visitor.pipe(behind).pipe(visitor);
    visitor.on('close', () => behind.destroy());
    behind.on('close', () => visitor.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const rootPems = await Promise.all(pebbles.map((pebble) => pebble.rootPem()));
  return {
    ca: {
      directoryUrl: `https://127.0.0.1:${port}/dir`,
      listenerCaPem: pebbles[0].listenerCaPem,
      rootPem: rootPems.join('\n'),
    },
    listenerCaPem: () => target.listenerCaPem,
    offline: () => {
      open = false;
      dropAll();
    },
    online: () => {
      open = true;
    },
    switchTo: (index) => {
      const pebble = pebbles[index];
      if (pebble === undefined) throw new RangeError(`no CA ${index}`);
      target = pebble;
      dropAll();
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        dropAll();
      }),
  };
}
