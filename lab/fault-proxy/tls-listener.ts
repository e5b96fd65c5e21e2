import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createLabCa } from '../test-ca.ts';

/** An HTTPS server on a free port of 127.0.0.1 with a certificate of a CA of its own. */
export interface TlsListener {
  /** Scheme, host and port. */
  readonly origin: string;
  /** PEM. */
  readonly caPem: string;
  /** Ends its connections too. */
  stop(): Promise<void>;
}

const DAY_MS = 24 * 3600 * 1000;

export async function listenTls(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<TlsListener> {
  const ca = await createLabCa('Everbind lab: fault proxy');
  const { certificatePem, privateKeyPem } = await ca.issue({
    names: ['127.0.0.1', 'localhost'],
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 90 * DAY_MS),
  });
  const sockets = new Set<Socket>();
  const server = createServer({ key: privateKeyPem, cert: certificatePem }, handle);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `https://127.0.0.1:${port}`,
    caPem: ca.certificatePem,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
