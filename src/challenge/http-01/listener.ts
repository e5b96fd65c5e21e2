import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Solver } from '../../ports/solver.ts';
import { createKeyedMutex } from '../../concurrency/keyed-mutex.ts';
import { boundConnections } from '../bounded-connections.ts';
import { listenFailed } from '../challenge-failure.ts';
import type { SelfCheck } from './self-check.ts';
import { checkedToken, tokenOfPath } from '../token.ts';

export interface ListenerOptions {
  /** null listens on every address of the machine, IPv4 and IPv6. */
  readonly address: string | null;
  readonly port: number;
  readonly selfCheck: SelfCheck;
}

/**
 * http-01 by a server of our own, opened with the first challenge response and closed with the last. It refuses
 * anything but GET and HEAD of a known token, and reads no body. A kill ends it, so `cleanUp` then has nothing to do.
 * `present` throws CHALLENGE_PORT_IN_USE.
 */
export function createHttpListenerSolver({ address, port, selfCheck }: ListenerOptions): Solver {
  const responses = new Map<string, string>();
  const inTurn = createKeyedMutex();
  let server: Server | null = null;

  return {
    type: 'http-01',

    present: (task, signal) =>
      inTurn('', async () => {
        const token = checkedToken(task.token);
        signal?.throwIfAborted();
        server ??= await open(responses, address, port).catch((error: unknown) => {
          throw listenFailed(task, { address, port, instead: 'mode http.sys' }, error);
        });
        responses.set(token, task.keyAuthorization);
      }),

    wait: async (task, signal) => {
      await selfCheck(task, { signal });
    },

    cleanUp: (task) =>
      inTurn('', async () => {
        responses.delete(task.token);
        if (responses.size > 0 || server === null) return;
        const closing = server;
        server = null;
        await new Promise<void>((resolve) => {
          closing.close(() => resolve());
          closing.closeAllConnections();
        });
      }),
  };
}

function open(responses: ReadonlyMap<string, string>, address: string | null, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(
      { maxHeaderSize: 8_192, headersTimeout: 5_000, requestTimeout: 5_000, connectionsCheckingInterval: 1_000 },
      (request, response) => respond(responses, request, response),
    );
    boundConnections(server);
    server.once('error', reject);
    server.listen({ port, ...(address === null ? {} : { host: address }) }, () => resolve(server));
  });
}

function respond(responses: ReadonlyMap<string, string>, request: IncomingMessage, response: ServerResponse): void {
  const reading = request.method === 'GET' || request.method === 'HEAD';
  const body = reading ? responses.get(tokenOfPath(request.url ?? '') ?? '') : undefined;
  const status = !reading ? 405 : body === undefined ? 404 : 200;
  const text = body ?? '';
  response.writeHead(status, {
    'content-type': 'text/plain',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}
