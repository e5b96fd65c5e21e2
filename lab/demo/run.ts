import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { iisListensOn } from '../../src/challenge/http-01/sites.ts';
import type { Io } from '../../src/cli/io.ts';
import { painter } from '../../src/cli/output/text.ts';
import { EverbindError } from '../../src/errors/error.ts';
import { MAX_CONFIGURATION_OCTETS } from '../../src/iis/config/application-host-text.ts';
import type { SiteInventory } from '../../src/iis/config/inventory-types.ts';
import { readInventory } from '../../src/iis/inventory.ts';
import { recordKeyId } from '../../src/iis/records/ssl-record.ts';
import { type Pebble, type PebbleOptions, startPebble } from '../pebble/server.ts';
import type { ChoiceOrder } from '../sim-windows/serving/certificate-choice.ts';
import { seedCertificates } from '../sim-windows/seed.ts';
import { type SimWindows, startSimWindows } from '../sim-windows/sim-windows.ts';
import { printAddresses } from './addresses.ts';
import { runCommands } from './commands.ts';
import { demoConfiguration, type Port80 } from './configuration.ts';
import { type Declaration, declareCertificates } from './declare.ts';
import { announce, type DemoWorld, withdraw } from './world.ts';

export interface DemoOptions {
  /** End when the work is done. */
  readonly exit: boolean;
  /** An applicationHost.config; null takes the built-in one, with its stuck record. */
  readonly iis: string | null;
  /** Ends the demo, whatever it is doing. */
  readonly signal: AbortSignal;
  /** A CA that runs already and asks port 80 at its `httpPort`; without it one is started. */
  readonly pebble?: Pebble;
  /** Which record the simulated http.sys prefers. */
  readonly choiceOrder?: ChoiceOrder;
}

const builtIn = fileURLToPath(new URL('applicationHost.config', import.meta.url));
const dnsProgram = fileURLToPath(new URL('../dns-exec-challtestsrv.ts', import.meta.url));

/** How the demo's CA is: it refuses nonces and reuses authorizations now and then, as CAs do. */
export const DEMO_CA: PebbleOptions = { rejectNoncesPercent: 15, reuseAuthorizationsPercent: 50, chainLength: 2 };

/**
 * Builds the world, lets Everbind work in it, prints what happened and last one line of JSON, and returns the exit
 * status. Leaves nothing behind, however it ends. Errors: IIS_CONFIG_INVALID; rejects with the reason of the signal.
 */
export async function runDemo(io: Io, options: DemoOptions): Promise<number> {
  const { signal } = options;
  const paint = painter(io.colour);
  const folder = await mkdtemp(join(tmpdir(), 'everbind-demo-'));
  const running: { stop(): Promise<void> }[] = [];
  try {
    const configuration = await readConfiguration(options.iis, signal);
    io.out(`${paint('bold', 'Starting')} a simulated Windows server with IIS, and Pebble as the CA …\n`);
    const world = { pid: process.pid, stateDir: join(folder, 'state'), socketPath: join(folder, 'windows.sock') };
    const sim = await startSimWindows({
      applicationHostConfig: configuration,
      rootFolder: join(folder, 'windows'),
      socketPath: world.socketPath,
      ...(options.pebble === undefined ? {} : { httpPort: options.pebble.httpPort }),
      ...(options.choiceOrder === undefined ? {} : { choiceOrder: options.choiceOrder }),
    });
    running.push(sim);
    signal.throwIfAborted();
    const seeded = await seedCertificates(sim.host, { daysLeft: daysLeft() });
    if (options.iis === null) {
      await sim.faults.add({
        kind: 'record-sticks',
        key: { kind: 'hostnameport', host: 'mirror.everbind.test', port: 443 },
      });
    }
    signal.throwIfAborted();
    const pebble = options.pebble ?? (await startPebble({ ...DEMO_CA, httpPort: sim.httpPort }));
    if (options.pebble === undefined) running.push(pebble);
    const demoWorld = { ...world, dnsServer: pebble.dnsServer, httpPort: pebble.httpPort };
    const declared = await writeState(demoWorld, sim, pebble);
    const summary = await runCommands(io, demoWorld, sim, declared, {
      expectedRollbacks: options.iis === null ? 1 : 0,
      rootPem: await pebble.rootPem(),
      before: new Map(seeded.records.map(({ key, thumbprint }) => [recordKeyId(key), thumbprint ?? ''])),
      signal,
    });
    if (!options.exit) {
      printAddresses(io, await sim.ports(), rootFileOf(demoWorld));
      await stay(io, demoWorld, declared, signal);
    }
    io.out(`\n${JSON.stringify(summary)}\n`);
    return summary.ok ? 0 : 1;
  } finally {
    await Promise.allSettled(running.toReversed().map((thing) => thing.stop()));
    await rm(folder, { recursive: true, force: true });
  }
}

async function readConfiguration(file: string | null, signal: AbortSignal): Promise<Uint8Array> {
  // npm changes to the project's folder and leaves the one that it was called in here.
  const base = process.env['npm_lifecycle_event'] === 'demo' ? (process.env['INIT_CWD'] ?? '.') : '.';
  const path = file === null ? builtIn : resolve(base, file);
  const chunks: Buffer[] = [];
  try {
    // One octet more than is accepted: the parser then says that it is too much. The path may be a pipe without an end.
    for await (const chunk of createReadStream(path, { end: MAX_CONFIGURATION_OCTETS, signal })) {
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    signal.throwIfAborted();
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    const what = code === 'ENOENT' ? `there is no file ${path}` : `${path} cannot be read: ${code}`;
    throw new EverbindError('IIS_CONFIG_INVALID', what, { file: path }, { cause: error });
  }
  return Buffer.concat(chunks);
}

function port80Of(sites: readonly SiteInventory[]): Port80 {
  if (iisListensOn(sites, 'http', 80)) return 'http';
  const speaksTls = sites.some(
    ({ state, bindings }) =>
      state !== 'Stopped' &&
      bindings.some(
        ({ protocol, information }) =>
          protocol === 'https' && information.kind === 'ip-port-host' && information.port === 80,
      ),
  );
  return speaksTls ? 'https' : 'nothing';
}

/** One to eight days, one after another, so that the first scan shows different numbers. */
function daysLeft(): () => number {
  let count = 0;
  return () => 2 + (count++ % 8);
}

function rootFileOf({ stateDir }: DemoWorld): string {
  return join(stateDir, 'pebble-root.pem');
}

async function writeState(world: DemoWorld, sim: SimWindows, pebble: Pebble): Promise<Declaration> {
  const { stateDir } = world;
  await mkdir(stateDir, { mode: 0o700 });
  const listenerCaFile = join(stateDir, 'pebble-listener.pem');
  await writeFile(listenerCaFile, pebble.listenerCaPem);
  await writeFile(rootFileOf(world), await pebble.rootPem());
  const inventory = await readInventory(sim.host);
  const declaration = declareCertificates(inventory);
  const text = demoConfiguration({
    directoryUrl: pebble.directoryUrl,
    listenerCaFile,
    rootFile: rootFileOf(world),
    certificates: declaration.certificates,
    port80: port80Of(inventory.sites),
    dnsCommand: [process.execPath, dnsProgram, pebble.challengeServerUrl],
  });
  await writeFile(join(stateDir, 'everbind.yaml'), text, { mode: 0o600 });
  return declaration;
}

async function stay(io: Io, world: DemoWorld, { certificates }: Declaration, signal: AbortSignal): Promise<void> {
  const name = certificates.find((certificate) => certificate.name === 'shop')?.name ?? certificates[0]?.name ?? 'NAME';
  await announce(world);
  try {
    io.out(
      '\nThe demo stays up until Ctrl+C. In another terminal, in this folder:\n' +
        `  npm run everbind -- scan\n  npm run everbind -- list\n  npm run everbind -- show ${name}\n` +
        `  npm run everbind -- renew ${name} --force\n  npm run everbind -- rollback ${name} --yes\n` +
        '  npm run everbind -- audit verify\n',
    );
    if (signal.aborted) return;
    await new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }));
  } finally {
    await withdraw(world);
  }
}
