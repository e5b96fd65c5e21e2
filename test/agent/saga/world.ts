import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoConfiguration, KEY_PROVIDERS } from '../../../lab/demo/configuration.ts';
import { declareCertificates } from '../../../lab/demo/declare.ts';
import type { DemoWorld } from '../../../lab/demo/world.ts';
import { type Pebble, startPebble } from '../../../lab/pebble/server.ts';
import { seedCertificates } from '../../../lab/sim-windows/seed.ts';
import { type SimWindows, startSimWindows } from '../../../lab/sim-windows/sim-windows.ts';
import { createAcmeClient } from '../../../src/acme/client.ts';
import { readPinnedKey } from '../../../src/agent/audit-key-file.ts';
import { openState } from '../../../src/agent/state.ts';
import type { LogReport } from '../../../src/audit/log-report.ts';
import { readInventory } from '../../../src/iis/inventory.ts';
import { systemClock, systemRandom } from '../../../src/net/system.ts';
import { createTransport } from '../../../src/net/transport.ts';
import { verifyStoredLog } from '../../../src/store/audit-read.ts';
import { bundle } from '../../../tools/build.ts';

// A Windows server and a CA that live on while the program is killed and started again. Three certificates: one name,
// two names on two records, and two sites behind one shared record.
const configuration = `<?xml version="1.0" encoding="UTF-8"?>
<configuration><system.applicationHost><sites>
${site(1, 'Alone', 'alone', ['http/*:80:alone.kill.test', 'https/*:443:alone.kill.test'], 1)}
${site(2, 'Pair', 'pair', ['http/*:80:a.pair.kill.test', 'http/*:80:b.pair.kill.test', 'https/*:443:a.pair.kill.test', 'https/*:8443:b.pair.kill.test'], 33)}
${site(3, 'Shared one', 'one', ['http/*:80:one.kill.test', 'https/192.0.2.9:443:one.kill.test'], 0)}
${site(4, 'Shared two', 'two', ['http/*:80:two.kill.test', 'https/192.0.2.9:443:two.kill.test'], 0)}
</sites></system.applicationHost></configuration>
`;

function site(id: number, name: string, folder: string, bindings: readonly string[], sslFlags: number): string {
  const elements = bindings.map((text) => {
    const [protocol = '', information = ''] = text.split(/\/(.*)/);
    const flags = protocol === 'https' ? ` sslFlags="${sslFlags}"` : '';
    return `<binding protocol="${protocol}" bindingInformation="${information}"${flags} />`;
  });
  return `<site name="${name}" id="${id}"><application path="/"><virtualDirectory path="/" physicalPath="C:\\inetpub\\${folder}" /></application><bindings>${elements.join('')}</bindings></site>`;
}

export interface KillWorld {
  readonly sim: SimWindows;
  /** Certificates that the configuration declares. */
  readonly certificates: number;
  /** Those of them whose keys are to be in a provider. */
  readonly providerCertificates: number;
  /** A new state folder with the same configuration. */
  newState(): Promise<DemoWorld>;
  /** Runs a command until it ends or kills itself. */
  run(world: DemoWorld, argv: readonly string[], kill?: Kill): Promise<ChildEnd>;
  /** What the CA, the server, the sites' folders and the log say in the end. */
  judge(world: DemoWorld): Promise<Judgement>;
  stop(): Promise<void>;
}

export type Kill =
  | { readonly commit: number; readonly when: 'before' | 'after' }
  /** After so many milliseconds. */
  | { readonly afterMs: number };

export interface ChildEnd {
  readonly killed: boolean;
  readonly status: number | null;
  readonly commits: number;
  readonly output: string;
}

export interface Judgement {
  /** Orders that the CA has for the account. */
  readonly orders: number;
  readonly issued: number;
  readonly active: number;
  /** https records whose certificate is one of the active ones. */
  readonly records: number;
  /** Active certificates whose key signs. */
  readonly signing: number;
  /** Keys in providers of the server that came with this state. */
  readonly providerKeys: number;
  readonly audit: LogReport;
  /** Files below the folders for challenges. An empty folder may stay after a kill: whose it is was written nowhere. */
  readonly leftovers: readonly string[];
  readonly leaseHeld: boolean;
}

export async function startKillWorld(): Promise<KillWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-kill-'));
  const windows = join(folder, 'windows');
  const sim = await startSimWindows({
    applicationHostConfig: Buffer.from(configuration),
    rootFolder: windows,
    socketPath: join(folder, 'windows.sock'),
  });
  await seedCertificates(sim.host, { daysLeft: 3 });
  const pebble = await startPebble({ httpPort: sim.httpPort, rejectNoncesPercent: 15 });
  const program = await bundle('lab/kill/child.ts', 'child', join(folder, 'dist'));
  const { certificates } = declareCertificates(await readInventory(sim.host));
  let states = 0;
  let keysBefore = 0;
  return {
    sim,
    certificates: certificates.length,
    providerCertificates: certificates.filter((_, index) => KEY_PROVIDERS[index % KEY_PROVIDERS.length] !== 'software')
      .length,
    newState: async () => {
      keysBefore = (await sim.snapshot()).keys.length;
      const stateDir = join(folder, `state-${++states}`);
      await mkdir(stateDir, { mode: 0o700 });
      const [listenerCaFile, rootFile] = [join(stateDir, 'listener.pem'), join(stateDir, 'root.pem')];
      await writeFile(listenerCaFile, pebble.listenerCaPem);
      await writeFile(rootFile, await pebble.rootPem());
      const text = demoConfiguration({
        directoryUrl: pebble.directoryUrl,
        listenerCaFile,
        rootFile,
        certificates,
        port80: 'http',
        dnsCommand: ['/bin/false'],
      });
      // Webroot, so that a kill can leave files behind.
      await writeFile(
        join(stateDir, 'everbind.yaml'),
        text.replace('defaults:', 'defaults:\n  challenge: { type: http-01, mode: webroot }'),
      );
      const { dnsServer, httpPort } = pebble;
      return { pid: process.pid, stateDir, socketPath: join(folder, 'windows.sock'), dnsServer, httpPort };
    },
    run: (world, argv, kill) => runChild(program, world, argv, kill),
    judge: (world) => judge(world, { sim, pebble, windows, keysBefore }),
    stop: async () => {
      await pebble.stop();
      await sim.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function runChild(program: string, world: DemoWorld, argv: readonly string[], kill?: Kill): Promise<ChildEnd> {
  const order = { world, argv, commit: null, when: 'after', ...kill };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        output += chunk;
      });
    }
    const timer =
      kill !== undefined && 'afterMs' in kill ? setTimeout(() => child.kill('SIGKILL'), kill.afterMs) : null;
    child.on('error', reject);
    child.on('close', (status, signal) => {
      if (timer !== null) clearTimeout(timer);
      const commits = Number(/^commits (\d+)$/m.exec(output)?.[1] ?? Number.NaN);
      resolve({ killed: signal === 'SIGKILL', status, commits, output });
    });
  });
}

async function judge(
  world: DemoWorld,
  {
    sim,
    pebble,
    windows,
    keysBefore,
  }: {
    readonly sim: SimWindows;
    readonly pebble: Pebble;
    readonly windows: string;
    readonly keysBefore: number;
  },
): Promise<Judgement> {
  const state = await openState(world.stateDir, { clock: systemClock }, async () => sim.host.keys);
  const transport = createTransport({ roots: [pebble.listenerCaPem], proxy: null });
  try {
    const rows = (sql: string): readonly Record<string, unknown>[] => state.store.read((db) => db.prepare(sql).all());
    let orders = 0;
    const [account] = rows('SELECT key_handle, url FROM account');
    if (account !== undefined) {
      const client = createAcmeClient({
        directoryUrl: pebble.directoryUrl,
        transport,
        clock: systemClock,
        random: systemRandom,
        userAgent: 'everbind-test',
        signer: await state.keys.open(account['key_handle'] as string),
        accountUrl: account['url'] as string,
      });
      for await (const _ of client.orderUrls()) orders += 1;
    }
    const active = new Set(
      rows(`SELECT thumbprint FROM issued WHERE status = 'active'`).map((row) => row['thumbprint']),
    );
    let signing = 0;
    for (const row of rows(`SELECT key_handle FROM issued WHERE status = 'active'`)) {
      const signature = await (await state.keys.open(row['key_handle'] as string)).sign(Buffer.from('judge'));
      if (signature.length > 0) signing += 1;
    }
    const { records } = await readInventory(sim.host);
    return {
      orders,
      issued: rows('SELECT 1 FROM issued').length,
      active: active.size,
      records: records.filter(({ certificateHash }) => active.has(certificateHash)).length,
      signing,
      providerKeys: (await sim.snapshot()).keys.length - keysBefore,
      audit: verifyStoredLog(state.store, await readPinnedKey(world.stateDir)),
      leftovers: await filesOfChallenges(windows),
      leaseHeld: rows('SELECT holder FROM lease WHERE holder IS NOT NULL').length > 0,
    };
  } finally {
    transport.close();
    await state.close();
  }
}

async function filesOfChallenges(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.parentPath.includes('.well-known'))
    .map(({ parentPath, name }) => join(parentPath, name));
}
