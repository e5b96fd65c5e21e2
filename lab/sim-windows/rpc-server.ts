import { chmod, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { callHost } from './host-calls.ts';
import { openChannel } from './rpc-channel.ts';
import type { SimWindows } from './sim-types.ts';

/** Offers the double to other processes on a Unix-domain socket; the returned function ends that. */
export async function listenRpc(sim: Omit<SimWindows, 'stop'>, socketPath: string): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>();
  await rm(socketPath, { force: true });
  const server = createServer((socket) => {
    sockets.add(socket);
    const registrations = new Map<number, () => Promise<void>>();
    let last = 0;
    let gone = false;
    const channel = openChannel(
      socket,
      async (method, parameters) => {
        switch (method) {
          case 'httpServer.serve': {
            const [prefix, handler] = parameters as [string, number];
            const end = await sim.serveAsync(
              prefix,
              async (request) => (await channel.call('answer', [handler, request])) as string | null,
            );
            // The client may have died while the port was being opened.
            if (gone) await end();
            last += 1;
            registrations.set(last, end);
            return last;
          }
          case 'httpServer.unserve': {
            const id = parameters[0] as number;
            const end = registrations.get(id);
            registrations.delete(id);
            return end?.();
          }
          case 'faults.add':
            return sim.faults.add(parameters[0] as Parameters<typeof sim.faults.add>[0]);
          case 'faults.remove':
            return sim.faults.remove(parameters[0] as number);
          case 'faults.clear':
            return sim.faults.clear();
          case 'faults.list':
            return sim.faults.list();
          case 'keyDevices.away':
            return sim.keyDevices.away(parameters[0] as string, parameters[1] as number);
          case 'keyDevices.back':
            return sim.keyDevices.back(parameters[0] as string);
          case 'ports':
            return sim.ports();
          case 'snapshot':
            return sim.snapshot();
          default:
            return callHost(sim.host, method, parameters);
        }
      },
      () => {
        gone = true;
        sockets.delete(socket);
        // A port that cannot be opened again is no reason to end the double.
        for (const end of registrations.values()) void end().catch(() => {});
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  // Whoever can write to the socket controls the double.
  await chmod(socketPath, 0o600);
  return async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
}
