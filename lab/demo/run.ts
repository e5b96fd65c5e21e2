import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Io } from '../../src/cli/io.ts';
import { painter } from '../../src/cli/output/text.ts';
import { EverbindError } from '../../src/errors/error.ts';
import { readInventory } from '../../src/iis/inventory.ts';
import { type Pebble, startPebble } from '../pebble/server.ts';
import { seedCertificates } from '../sim-windows/seed.ts';
import { type SimWindows, startSimWindows } from '../sim-windows/sim-windows.ts';
import { runCommands } from './commands.ts';
import { demoConfiguration } from './configuration.ts';
import { declareCertificates } from './declare.ts';
import { type DemoWorld, worldFile } from './world.ts';

export interface DemoOptions {
  /** End when the work is done. */
  readonly exit: boolean;
  /** An applicationHost.config; null takes the built-in one, with its stuck record. */
  readonly iis: string | null;
}

const builtIn = fileURLToPath(new URL('applicationHost.config', import.meta.url));
const dnsProgram = fileURLToPath(new URL('../dns-exec-challtestsrv.ts', import.meta.url));
const MAX_CONFIGURATION = 16 * 1024 * 1024;

/** Builds the world, lets Everbind work in it, prints what happened, and returns the exit status. */
export async function runDemo(io: Io, options: DemoOptions): Promise<number> {
  const paint = painter(io.colour);
  const folder = await mkdtemp(join(tmpdir(), 'everbind-demo-'));
  const running: { stop(): Promise<void> }[] = [];
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  try {
    const configuration = await readConfiguration(options.iis);
    io.out(`${paint('bold', 'Starting')} a simulated Windows server with IIS, and Pebble as the CA …\n`);
    const sim = await startSimWindows({
      applicationHostConfig: configuration,
      rootFolder: join(folder, 'windows'),
      socketPath: join(folder, 'windows.sock'),
    });
    running.push(sim);
    await seedCertificates(sim.host, { daysLeft: daysLeft() });
    if (options.iis === null) {
      await sim.faults.add({
        kind: 'record-sticks',
        key: { kind: 'hostnameport', host: 'mirror.everbind.test', port: 443 },
      });
    }
    const pebble = await startPebble({
      httpPort: sim.httpPort,
      rejectNoncesPercent: 15,
      reuseAuthorizationsPercent: 50,
      chainLength: 2,
    });
    running.push(pebble);
    const world: DemoWorld = {
      pid: process.pid,
      stateDir: join(folder, 'state'),
      socketPath: join(folder, 'windows.sock'),
      dnsServer: pebble.dnsServer,
    };
    const declared = await writeState(world, sim, pebble);
    const status = await runCommands(io, world, sim, declared, {
      builtIn: options.iis === null,
      rootPem: await pebble.rootPem(),
      stay: !options.exit,
      signal: stop.signal,
    });
    if (!options.exit) await stay(io, world, stop.signal);
    return status;
  } finally {
    await rm(worldFile, { force: true });
    for (const thing of running.toReversed()) await thing.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function readConfiguration(file: string | null): Promise<Uint8Array> {
  const path = file === null ? builtIn : resolve(process.env['INIT_CWD'] ?? '.', file);
  const octets = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new EverbindError(
      'CONFIG_NOT_FOUND',
      `${path}: ${error.code ?? 'unreadable'}`,
      { file: path },
      { cause: error },
    );
  });
  if (octets.length > MAX_CONFIGURATION) {
    throw new EverbindError('IIS_CONFIG_INVALID', `${path} is larger than ${MAX_CONFIGURATION} octets`, { file: path });
  }
  return octets;
}

/** Two to nine days, one after another, so that the first scan shows different numbers. */
function daysLeft(): () => number {
  let count = 0;
  return () => 2 + (count++ % 8);
}

async function writeState(
  world: DemoWorld,
  sim: SimWindows,
  pebble: Pebble,
): Promise<ReturnType<typeof declareCertificates>> {
  const { stateDir } = world;
  await mkdir(stateDir, { mode: 0o700 });
  const listenerCaFile = join(stateDir, 'pebble-listener.pem');
  const rootFile = join(stateDir, 'pebble-root.pem');
  await writeFile(listenerCaFile, pebble.listenerCaPem);
  await writeFile(rootFile, await pebble.rootPem());
  const declaration = declareCertificates(await readInventory(sim.host));
  const text = demoConfiguration({
    directoryUrl: pebble.directoryUrl,
    listenerCaFile,
    rootFile,
    certificates: declaration.certificates,
    dnsCommand: [process.execPath, dnsProgram, pebble.challengeServerUrl],
  });
  await writeFile(join(stateDir, 'everbind.yaml'), text, { mode: 0o600 });
  return declaration;
}

async function stay(io: Io, world: DemoWorld, signal: AbortSignal): Promise<void> {
  await mkdir(dirname(worldFile), { recursive: true });
  await writeFile(worldFile, JSON.stringify(world), { mode: 0o600 });
  await chmod(worldFile, 0o600);
  io.out(
    '\nThe world stays up until Ctrl+C. In another terminal:\n' +
      '  npm run everbind -- scan\n  npm run everbind -- list\n  npm run everbind -- show shop\n' +
      '  npm run everbind -- renew shop --force\n  npm run everbind -- rollback shop --yes\n  npm run everbind -- audit verify\n',
  );
  if (signal.aborted) return;
  await new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }));
}
