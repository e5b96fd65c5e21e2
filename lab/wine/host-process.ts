import { connect } from 'node:net';
import { callHost } from '../sim-windows/host-calls.ts';
import { openChannel } from '../sim-windows/rpc-channel.ts';
import { createWindowsHost } from '../../src/windows/host.ts';

// Runs in node.exe under Wine and does what a program on Linux asks of the host there: host-process PORT TOKEN. It ends
// when the connection does.

const [port, token] = process.argv.slice(2);
if (port === undefined || token === undefined) throw new Error('a port and a token are needed');
const host = await createWindowsHost();
const registrations = new Map<number, () => Promise<void>>();
let last = 0;
const channel = openChannel(
  connect(Number(port), '127.0.0.1'),
  async (method, parameters) => {
    switch (method) {
      case 'httpServer.serve': {
        const [prefix, handler] = parameters as [string, number];
        const end = await host.httpServer.serve(
          prefix,
          async (request) => (await channel.call('answer', [handler, request])) as string | null,
        );
        last += 1;
        registrations.set(last, end);
        return last;
      }
      case 'httpServer.unserve':
        return registrations.get(parameters[0] as number)?.();
      default:
        return callHost(host, method, parameters);
    }
  },
  () => process.exit(0),
);
await channel.call('greet', [token]);
