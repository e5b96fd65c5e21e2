import { createServer } from 'node:net';
import { createWindowsHost } from '../../src/windows/host.ts';
import { callHost } from '../sim-windows/host-calls.ts';
import { openChannel } from '../sim-windows/rpc-channel.ts';

// Runs in node.exe under Wine and lets the lab on Linux call the host there: node.exe agent.ts PORT TOKEN. HTTP registrations are left to the
// program under test. Anybody on this machine can connect, so that the token must come first.

const [port, token] = process.argv.slice(2);
if (port === undefined || token === undefined) throw new Error('a port and a token are needed');
const host = await createWindowsHost();
createServer((socket) => {
  let greeted = false;
  openChannel(
    socket,
    async (method, parameters) => {
      if (method === 'greet') greeted = parameters[0] === token;
      if (!greeted) {
        socket.destroy();
        return null;
      }
      return method === 'greet' ? null : callHost(host, method, parameters);
    },
    () => {},
  );
}).listen(Number(port), '127.0.0.1');
