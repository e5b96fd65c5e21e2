import type { Server, Socket } from 'node:net';

/** CAs look from a handful of places, and each connection is answered within moments. */
const MOST = 256;

/**
 * The open connections of a server of ours, at most 256. One more takes the place of the oldest: whoever has not been
 * answered by then says nothing, and is there to keep the CA out.
 */
export function boundConnections(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const [oldest] = sockets;
    if (sockets.size <= MOST || oldest === undefined) return;
    sockets.delete(oldest);
    oldest.destroy();
  });
  return sockets;
}
