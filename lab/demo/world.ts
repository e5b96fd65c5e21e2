import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import type { Io } from '../../src/cli/io.ts';
import type { World } from '../../src/cli/world.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import { connectSimWindows } from '../sim-windows/client.ts';

/** Where a running demo can be reached. */
export interface DemoWorld {
  readonly pid: number;
  readonly stateDir: string;
  readonly socketPath: string;
  /** Resolver of the demo's CA, `address:port`. */
  readonly dnsServer: string;
}

/** Says that a demo runs and where; removed when it ends. */
export const worldFile = fileURLToPath(new URL('../../.cache/demo.json', import.meta.url));

/** The world of a command that runs against the demo: its simulated Windows server, its state folder, its DNS. */
export function cliWorld({ stateDir, socketPath, dnsServer }: DemoWorld, io: Io, signal: AbortSignal): World {
  return {
    io,
    clock: systemClock,
    random: systemRandom,
    stateDir,
    configFile: join(stateDir, 'everbind.yaml'),
    openHost: async () => {
      const host = connectSimWindows(socketPath);
      return { host, close: () => host.close() };
    },
    dnsServers: [dnsServer],
    signal,
  };
}
