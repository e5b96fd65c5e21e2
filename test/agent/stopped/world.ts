import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { demoConfiguration } from '../../../lab/demo/configuration.ts';
import type { DemoWorld } from '../../../lab/demo/world.ts';
import { startPebble } from '../../../lab/pebble/server.ts';
import type { Fault } from '../../../lab/sim-windows/faults.ts';
import { seedCertificates } from '../../../lab/sim-windows/seed.ts';
import { type SimWindows, startSimWindows } from '../../../lab/sim-windows/sim-windows.ts';
import { openStore } from '../../../src/store/store.ts';
import { systemClock } from '../../../src/net/system.ts';
import { bundle } from '../../../tools/build.ts';

/** Ten sites that share one certificate. */
export const HOSTS: readonly string[] = Array.from({ length: 10 }, (_, index) => `site${index}.stopped.test`);

const sites = HOSTS.map((host, index) => {
  const bindings = [
    `<binding protocol="http" bindingInformation="*:80:${host}" />`,
    `<binding protocol="https" bindingInformation="*:443:${host}" sslFlags="1" />`,
  ];
  return `<site name="Site ${index}" id="${index + 1}"><application path="/"><virtualDirectory path="/" physicalPath="C:\\inetpub\\${index}" /></application><bindings>${bindings.join('')}</bindings></site>`;
});
const configuration = `<?xml version="1.0" encoding="UTF-8"?>
<configuration><system.applicationHost><sites>${sites.join('\n')}</sites></system.applicationHost></configuration>
`;

/** A process that runs a command. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly status: number | null; readonly output: string }>;
}

/** A server and a CA, with processes that work on one state folder. */
export interface StoppedWorld {
  readonly sim: SimWindows;
  readonly state: DemoWorld;
  /** Starts a command; `leadMs`: by how much its clock is ahead. */
  start(argv: readonly string[], options?: { readonly leadMs?: number; readonly stopAtCommit?: number }): Running;
  /** Runs a late command, which must succeed. */
  takeOver(argv: readonly string[]): Promise<void>;
  /** Slows these calls down and stops the process once the double has got so many of them. */
  stopAt(running: Running, call: Extract<Fault, { kind: 'delay' }>['call'], count: number): Promise<void>;
  /** Returns once the process has stopped itself, or ended. */
  stopped(running: Running): Promise<void>;
  /** The first row of a query. */
  row(sql: string): Readonly<Record<string, unknown>>;
  /** How many calls the double has got since stopAt. */
  calls(): Promise<number>;
  /** What the records hold, by their number. */
  records(): Promise<readonly (string | null)[]>;
  /** Thumbprint of the certificate in use. */
  active(): string;
  /** Names of files below folders for challenges. */
  challengeFiles(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Every lease has run out by then. */
export const LATE_MS = 60_000;

export async function startStoppedWorld(settings = ''): Promise<StoppedWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-stopped-'));
  const windows = join(folder, 'windows');
  const socketPath = join(folder, 'windows.sock');
  const sim = await startSimWindows({
    applicationHostConfig: Buffer.from(configuration),
    rootFolder: windows,
    socketPath,
  });
  await seedCertificates(sim.host, { daysLeft: 3 });
  const pebble = await startPebble({ httpPort: sim.httpPort });
  const program = await bundle('lab/kill/child.ts', 'child', join(folder, 'dist'));
  const stateDir = join(folder, 'state');
  await mkdir(stateDir, { mode: 0o700 });
  const [listenerCaFile, rootFile] = [join(stateDir, 'listener.pem'), join(stateDir, 'root.pem')];
  await writeFile(listenerCaFile, pebble.listenerCaPem);
  await writeFile(rootFile, await pebble.rootPem());
  const text = demoConfiguration({
    directoryUrl: pebble.directoryUrl,
    listenerCaFile,
    rootFile,
    certificates: [{ name: 'all', names: HOSTS, sites: null, records: new Set() }],
    port80: 'http',
    dnsCommand: ['/bin/false'],
  });
  await writeFile(
    join(stateDir, 'everbind.yaml'),
    text.replace('defaults:', `defaults:\n  challenge: { type: http-01, mode: webroot }\n${settings}`),
  );
  const { dnsServer, httpPort } = pebble;
  const state: DemoWorld = { pid: process.pid, stateDir, socketPath, dnsServer, httpPort };
  const children = new Set<ChildProcess>();
  const world: StoppedWorld = {
    sim,
    state,
    start: (argv, { leadMs = 0, stopAtCommit = null } = {}) => {
      const order = { world: state, argv, commit: stopAtCommit, when: 'after', signal: 'SIGSTOP', leadMs };
      const child = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'pipe'] });
      children.add(child);
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8');
        stream.on('data', (chunk: string) => {
          output += chunk;
        });
      }
      const ended = new Promise<{ status: number | null; output: string }>((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (status) => {
          children.delete(child);
          resolve({ status, output });
        });
      });
      return { child, ended };
    },
    takeOver: async (argv) => {
      const { status, output } = await world.start(argv, { leadMs: LATE_MS }).ended;
      if (status !== 0) throw new Error(`${argv.join(' ')}: ${status}\n${output}`);
    },
    stopAt: async ({ child, ended }, call, count) => {
      await sim.faults.add({ kind: 'delay', call, ms: 100 });
      let over = false;
      void ended.then(() => (over = true));
      while ((await world.calls()) < count) {
        if (over) throw new Error(`the process ended before ${call} ${count}: ${(await ended).output}`);
        await sleep(5);
      }
      child.kill('SIGSTOP');
      // What it had asked for before that takes effect.
      await sleep(300);
    },
    calls: async () =>
      (await sim.faults.list()).reduce((sum, { fault, hits }) => sum + (fault.kind === 'delay' ? hits : 0), 0),
    records: async () => {
      const found = await sim.host.sslRecords.enumerate();
      return HOSTS.map((host) => found.find(({ key }) => 'host' in key && key.host === host)?.certificateHash ?? null);
    },
    stopped: async ({ child, ended }) => {
      let over = false;
      void ended.then(() => (over = true));
      while (!over && !readFileSync(`/proc/${child.pid}/stat`, 'utf8').includes(') T ')) await sleep(5);
    },
    row: (sql) => {
      const store = openStore({ path: join(stateDir, 'everbind.db'), clock: systemClock, readOnly: true });
      const [row = {}] = store.read((db) => db.prepare(sql).all());
      void store.close();
      return row;
    },
    active: () => String(world.row(`SELECT thumbprint FROM issued WHERE status = 'active'`)['thumbprint']),
    challengeFiles: async () => {
      const entries = await readdir(windows, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && entry.parentPath.includes('.well-known'))
        .map(({ name }) => name);
    },
    stop: async () => {
      for (const child of children) child.kill('SIGKILL');
      await pebble.stop();
      await sim.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return world;
}
