import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Io } from '../../src/cli/io.ts';
import type { CliEnvironment } from '../../src/cli/environment.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import { connectSimWindows } from '../sim-windows/client.ts';

/** Where a running demo can be reached. */
export interface DemoWorld {
  readonly pid: number;
  readonly stateDir: string;
  readonly socketPath: string;
  /** Resolver of the demo's CA, `address:port`. */
  readonly dnsServer: string;
  /** Port that the demo's CA asks in place of 80. */
  readonly httpPort: number;
}

const worldFile = fileURLToPath(new URL('../../.cache/demo.json', import.meta.url));

/** Makes the demo known to `npm run everbind`; the one that came last is taken. */
export async function announce(world: DemoWorld): Promise<void> {
  await mkdir(dirname(worldFile), { recursive: true });
  const draft = `${worldFile}.${world.pid}`;
  await writeFile(draft, JSON.stringify(world), { mode: 0o600 });
  await rename(draft, worldFile);
}

/** Ends that, unless another demo has taken its place meanwhile. */
export async function withdraw(world: DemoWorld): Promise<void> {
  if ((await readWorld())?.pid === world.pid) await rm(worldFile, { force: true });
}

/** The demo that runs now; null when none does. One that was killed leaves its file, but nobody listens there. */
export async function runningDemo(): Promise<DemoWorld | null> {
  const world = await readWorld();
  return world !== null && isAlive(world.pid) && existsSync(world.socketPath) ? world : null;
}

async function readWorld(): Promise<DemoWorld | null> {
  try {
    return JSON.parse(await readFile(worldFile, 'utf8')) as DemoWorld;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The world of a command that runs against the demo: its simulated Windows server, its state folder, its DNS. */
export function cliWorld(
  { stateDir, socketPath, dnsServer, httpPort }: DemoWorld,
  io: Io,
  signal: AbortSignal,
): CliEnvironment {
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
    publicHttpPort: httpPort,
    signal,
  };
}
