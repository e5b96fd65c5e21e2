import { connect, type Socket } from 'node:net';
import { WindowsError } from '../../src/errors/error.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import type { Faults } from './faults.ts';
import { hostFromCalls } from './host-calls.ts';
import type { PortRow } from './serving/port-table.ts';
import { openChannel, RPC_SERVER_UNAVAILABLE, type RpcChannel } from './rpc-channel.ts';
import type { KeyDevices } from './key-providers.ts';
import type { SimSnapshot } from './sim-types.ts';

/** The double's host as another process sees it. */
export interface SimWindowsClient extends WindowsHost {
  readonly faults: Faults;
  readonly keyDevices: KeyDevices;
  ports(): Promise<readonly PortRow[]>;
  snapshot(): Promise<SimSnapshot>;
  /** Ends the connection; HTTP registrations made through it vanish with it, as they do when the process dies. */
  close(): void;
}

/**
 * Connects to a running double by its socket, at the first call. The connection keeps this process alive only while a
 * call waits for its reply or a registration exists. Every call rejects with WindowsError 1722 when the double is not
 * there.
 */
export function connectSimWindows(socketPath: string): SimWindowsClient {
  const answers = new Map<number, Parameters<WindowsHost['httpServer']['serve']>[1]>();
  let lastHandler = 0;
  let connection: { readonly socket: Socket; readonly channel: RpcChannel } | null = null;
  let closed = false;

  const open = (): { readonly socket: Socket; readonly channel: RpcChannel } => {
    if (connection !== null) return connection;
    if (closed) throw new WindowsError('rpc', RPC_SERVER_UNAVAILABLE);
    const socket = connect(socketPath);
    const channel = openChannel(
      socket,
      async (_method, [handler, request]) => {
        const answer = answers.get(handler as number);
        return answer === undefined ? null : answer(request as { host: string; path: string });
      },
      () => {
        connection = null;
        answers.clear();
      },
    );
    connection = { socket, channel };
    return connection;
  };
  const settle = (socket: Socket, channel: RpcChannel): void => {
    if (channel.pending() === 0 && answers.size === 0) socket.unref();
    else socket.ref();
  };
  const call = async (method: string, parameters: readonly unknown[]): Promise<unknown> => {
    const { socket, channel } = open();
    const answered = channel.call(method, parameters);
    settle(socket, channel);
    try {
      return await answered;
    } finally {
      settle(socket, channel);
    }
  };
  const host = hostFromCalls(call, async (prefix, answer) => {
    lastHandler += 1;
    const handler = lastHandler;
    answers.set(handler, answer);
    try {
      const registration = await call('httpServer.serve', [prefix, handler]);
      return async () => {
        answers.delete(handler);
        await call('httpServer.unserve', [registration]);
      };
    } catch (error) {
      answers.delete(handler);
      throw error;
    }
  });
  return {
    ...host,
    faults: {
      add: (fault) => call('faults.add', [fault]) as Promise<number>,
      remove: (id) => call('faults.remove', [id]) as Promise<never>,
      clear: () => call('faults.clear', []) as Promise<never>,
      list: () => call('faults.list', []) as Promise<never>,
    },
    keyDevices: {
      away: (provider, status) =>
        call('keyDevices.away', status === undefined ? [provider] : [provider, status]) as Promise<never>,
      back: (provider) => call('keyDevices.back', [provider]) as Promise<never>,
    },
    ports: () => call('ports', []) as Promise<never>,
    snapshot: () => call('snapshot', []) as Promise<never>,
    close: () => {
      closed = true;
      connection?.channel.close();
    },
  };
}
