import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { hostFromCalls } from '../sim-windows/host-calls.ts';
import { openChannel, type RpcChannel } from '../sim-windows/rpc-channel.ts';
import type { WineEnd, WinePrefix, WineRun } from './prefix.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';

/** The host of src/windows in a node.exe under Wine, as a program on Linux sees it. */
export interface WineHost {
  readonly host: WindowsHost;
  /** Ends the process; its exit status and what it wrote. */
  close(): Promise<WineEnd>;
}

type Answer = Parameters<WindowsHost['httpServer']['serve']>[1];

/** Starts host-process.ts in a prefix. */
export async function startWineHost(prefix: WinePrefix, env: NonNullable<WineRun['env']> = {}): Promise<WineHost> {
  const token = randomBytes(16).toString('hex');
  const answers = new Map<number, Answer>();
  const { promise: greeted, resolve, reject } = Promise.withResolvers<RpcChannel>();
  const server = createServer((socket: Socket) => {
    const channel = openChannel(
      socket,
      async (method, parameters) => {
        if (method === 'greet') {
          assert.equal(parameters[0], token);
          resolve(channel);
          return null;
        }
        const [handler, request] = parameters as [number, Parameters<Answer>[0]];
        return answers.get(handler)?.(request) ?? null;
      },
      () => {},
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const entry = await prefix.install('lab/wine/host-process.ts', 'host-process');
  const started = await prefix.start([entry, String(address.port), token], { env });
  void started.ended.then(({ status, stdout, stderr }) =>
    reject(new Error(`node.exe ended with ${status}\n${stdout}\n${stderr}`)),
  );
  const channel = await greeted;
  let last = 0;
  const host = hostFromCalls(
    (name, parameters) => channel.call(name, parameters),
    async (url, answer) => {
      last += 1;
      const handler = last;
      answers.set(handler, answer);
      const registration = await channel.call('httpServer.serve', [url, handler]);
      return async () => {
        await channel.call('httpServer.unserve', [registration]);
      };
    },
  );
  return {
    host,
    close: async () => {
      channel.close();
      server.close();
      return started.ended;
    },
  };
}
