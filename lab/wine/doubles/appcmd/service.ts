import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { runFileAppcmd } from './file-appcmd.ts';

/** What appcmd.exe of one prefix asks. */
export interface AppcmdService {
  /** On 127.0.0.1. */
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Answers client.c for an inetsrv folder. It keeps nothing between two commands: each reads the files and writes them,
 * as if appcmd.exe did so itself. A request is the arguments in UTF-8, each with a zero behind it; the answer is the
 * exit code in four octets, the lowest one first, and what appcmd prints.
 */
export async function startAppcmdService(inetsrv: string): Promise<AppcmdService> {
  const answer = async (socket: Socket, request: Buffer): Promise<void> => {
    const { exitCode, stdout } = await runFileAppcmd(inetsrv, request.toString().split('\0').slice(0, -1));
    const status = Buffer.alloc(4);
    status.writeUInt32LE(exitCode);
    socket.end(Buffer.concat([status, stdout]));
  };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A client that was killed.
    socket.on('error', () => {});
    socket.on('end', () => void answer(socket, Buffer.concat(chunks)).catch(() => socket.destroy()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}
