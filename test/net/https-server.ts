import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createLabCa, type LabCa } from '../../lab/test-ca.ts';

export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** Connections accepted so far. */
  connections(): number;
  /** Octets that all connections wrote, TLS included. */
  bytesWritten(): number;
  /** Ends every connection that no request uses. */
  dropIdle(): void;
  stop(): Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const day = 24 * 3600 * 1000;
let authority: Promise<LabCa> | null = null;

/** One certificate authority for all servers of a test file. */
export function testAuthority(): Promise<LabCa> {
  return (authority ??= createLabCa('Everbind tests'));
}

export interface ServerOptions {
  readonly names?: readonly string[];
  readonly plain?: boolean;
  readonly expired?: boolean;
  readonly maxVersion?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
}

/** A server on 127.0.0.1 with a certificate of the test authority. */
export async function startServer(handler: Handler, options: ServerOptions = {}): Promise<TestServer> {
  const server: Server = options.plain === true ? createHttpServer(handler) : await secure(handler, options);
  const sockets = new Set<Socket>();
  let connections = 0;
  let closedBytes = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      closedBytes += socket.bytesWritten;
      sockets.delete(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${options.plain === true ? 'http' : 'https'}://127.0.0.1:${port}`,
    connections: () => connections,
    bytesWritten: () => closedBytes + [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0),
    dropIdle: () => server.closeIdleConnections(),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function secure(handler: Handler, options: ServerOptions): Promise<Server> {
  const ca = await testAuthority();
  const certificate = await ca.issue({
    names: options.names ?? ['127.0.0.1', 'localhost'],
    notBefore: new Date(Date.now() - 2 * day),
    notAfter: new Date(Date.now() + (options.expired === true ? -day : day)),
  });
  return createServer(
    {
      key: certificate.privateKeyPem,
      cert: certificate.certificatePem,
      ...(options.maxVersion === undefined
        ? {}
        : { maxVersion: options.maxVersion, minVersion: 'TLSv1' as const, ciphers: 'DEFAULT@SECLEVEL=0' }),
    },
    handler,
  );
}
