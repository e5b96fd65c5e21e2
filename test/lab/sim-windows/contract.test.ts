import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectSimWindows } from '../../../lab/sim-windows/client.ts';
import { startSimWindows } from '../../../lab/sim-windows/sim-windows.ts';
import { type ContractHost, windowsHostContract } from '../../ports/windows-host.ts';
import { configurationOf } from './support.ts';

// The double keeps the contract of WindowsHost, both in its own process and as another process sees it.

async function open(overRpc: boolean): Promise<ContractHost> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-contract-'));
  const socketPath = join(folder, 'socket');
  const sim = await startSimWindows({
    applicationHostConfig: configurationOf({ name: 'Default Web Site', bindings: [['http', '*:80:']] }),
    rootFolder: join(folder, 'root'),
    socketPath,
  });
  const client = connectSimWindows(socketPath);
  return {
    host: overRpc ? client : sim.host,
    folder: 'C:\\everbind\\contract',
    ports: [48_443, 48_080],
    limitedProvider: { provider: 'Microsoft Platform Crypto Provider', refuses: ['ec-p384', 'rsa-3072'] },
    deviceless: 'Microsoft Smart Card Key Storage Provider',
    close: async () => {
      client.close();
      await sim.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

windowsHostContract('sim-windows', () => open(false));
windowsHostContract('sim-windows over RPC', () => open(true));
