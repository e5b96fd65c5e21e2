import { createServer, type Server } from 'node:http';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CliEnvironment } from '../../../src/cli/environment.ts';
import { runCli } from '../../../src/cli/run.ts';
import { systemClock, systemRandom } from '../../../src/net/system.ts';
import type { Pebble } from '../../pebble/server.ts';
import { connectSimWindows } from '../../sim-windows/client.ts';
import { type SeededRecord, seedCertificates } from '../../sim-windows/seed.ts';
import { type SimWindows, startSimWindows } from '../../sim-windows/sim-windows.ts';
import type { CaPlace } from '../../pebble/front.ts';

/** How the machine shows control of its names: by its own web server, or by TXT records where the CA wants that. */
export type Validation = 'http-01' | 'dns-01';

export interface MachineOptions {
  /** Sites, each with one name and one certificate. */
  readonly sites: number;
  readonly validation: Validation;
  /** Responds for the names: Pebble's resolver. For http-01 its CA asks the machine at its `httpPort`. */
  readonly names: Pebble;
  readonly ca: CaPlace;
  /** The issuer's settings beside directory and roots. */
  readonly issuer?: Readonly<Record<string, unknown>>;
  /** Roots of issued certificates (PEM). */
  readonly roots: readonly string[];
}

/** What a command came to. */
export interface CommandEnd {
  readonly status: number;
  /** Its JSON; null when it printed none. */
  readonly json: Readonly<Record<string, unknown>> | null;
  readonly text: string;
}

/** A simulated server whose administrator has declared one certificate for each site. */
export interface Machine {
  readonly sim: SimWindows;
  /** Host names, those of the certificates too. */
  readonly hosts: readonly string[];
  /** What the records held before Everbind came, of a CA that nobody trusts. */
  readonly seeded: readonly SeededRecord[];
  /** Milliseconds by which the machine's clock is ahead. */
  clockAheadMs: number;
  /** Writes everbind.yaml anew, with these roots. */
  declare(roots: readonly string[]): Promise<void>;
  /** Runs a command of the program, `--json` added. */
  everbind(...args: readonly string[]): Promise<CommandEnd>;
  /** Has the program seal a secret. */
  setSecret(name: string, value: string): Promise<void>;
  /** All that the program has printed, and what its state folder holds, as text. */
  traces(): Promise<string>;
  stop(): Promise<void>;
}

export const ISSUER = 'ca';

export async function startMachine(options: MachineOptions): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-cas-'));
  const closers: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close();
  };
  try {
    const hosts = Array.from({ length: options.sites }, (_, index) => `n${index + 1}.cas.test`);
    const socketPath = join(folder, 'windows.sock');
    const sim = await startSimWindows({
      applicationHostConfig: Buffer.from(configuration(hosts)),
      rootFolder: join(folder, 'windows'),
      socketPath,
      httpPort: options.names.httpPort,
    });
    closers.push(() => sim.stop());
    const { records: seeded } = await seedCertificates(sim.host, { daysLeft: 3 });
    const txt = await startTxtService(options.names);
    closers.push(() => txt.close());
    const stateDir = join(folder, 'state');
    await mkdir(stateDir, { mode: 0o700 });
    const declare = async (roots: readonly string[]): Promise<void> => {
      const files = await Promise.all([
        writePem(folder, 'listener.pem', options.ca.listenerCaPem),
        ...roots.map((root, index) => writePem(folder, `root-${index}.pem`, root)),
      ]);
      const declared = declaration(hosts, options, files, txt);
      await writeFile(join(stateDir, 'everbind.yaml'), JSON.stringify(declared), { mode: 0o600 });
    };
    await declare(options.roots);
    let printed = '';
    const command = async (args: readonly string[], input = ''): Promise<CommandEnd> => {
      const clock = { ...systemClock, now: () => systemClock.now() + machine.clockAheadMs };
      const end = await run(args, input, {
        stateDir,
        configFile: join(stateDir, 'everbind.yaml'),
        clock,
        random: systemRandom,
        signal: new AbortController().signal,
        dnsServers: [options.names.dnsServer],
        publicHttpPort: options.names.httpPort,
        openHost: async () => {
          const host = connectSimWindows(socketPath);
          return { host, close: () => host.close() };
        },
      });
      printed += end.text;
      return end;
    };
    const machine: Machine = {
      sim,
      hosts,
      seeded,
      clockAheadMs: 0,
      declare,
      everbind: (...args) => command([...args, '--json']),
      setSecret: async (name, value) => {
        const { status, text } = await command(['secret', 'set', name], value);
        if (status !== 0) throw new Error(text);
      },
      traces: async () => {
        const files = await readdir(stateDir);
        const texts = await Promise.all(files.map((file) => readFile(join(stateDir, file), 'latin1')));
        return [printed, ...texts].join('\n');
      },
      stop,
    };
    return machine;
  } catch (error) {
    await stop();
    throw error;
  }
}

function configuration(hosts: readonly string[]): string {
  const sites = hosts.map(
    (host, index) =>
      `<site name="Site ${index + 1}" id="${index + 1}"><application path="/"><virtualDirectory path="/" physicalPath="C:\\inetpub\\${index + 1}" /></application><bindings><binding protocol="http" bindingInformation="*:80:${host}" /><binding protocol="https" bindingInformation="*:443:${host}" sslFlags="1" /></bindings></site>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<configuration><system.applicationHost><sites>${sites.join('')}</sites></system.applicationHost></configuration>`;
}

function declaration(
  hosts: readonly string[],
  { ca, issuer = {}, validation }: MachineOptions,
  [listener = '', ...roots]: readonly string[],
  txt: Server,
): object {
  const { port } = txt.address() as AddressInfo;
  const challenge =
    validation === 'http-01'
      ? { type: 'http-01', mode: 'http.sys' }
      : {
          type: 'dns-01',
          provider: 'httpreq',
          settings: { endpoint: `http://127.0.0.1:${port}` },
          allowInsecureLoopback: true,
        };
  return {
    version: 1,
    issuers: [
      {
        name: ISSUER,
        directory: ca.directoryUrl,
        termsOfServiceAgreed: true,
        trustRoots: [listener],
        certificateRoots: roots,
        ...issuer,
      },
    ],
    defaults: { key: { algorithm: 'ec-p256', provider: 'software' }, challenge },
    certificates: hosts.map((host, index) => ({
      name: nameOf(host),
      names: [host],
      deployments: [{ type: 'iis', sites: [`id:${index + 1}`], adopt: true }],
    })),
  };
}

/** Name of the certificate for this host. */
export function nameOf(host: string): string {
  return host.split('.', 1)[0] ?? '';
}

async function writePem(folder: string, name: string, pem: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, pem);
  return path;
}

/** The service of an operator who has TXT records set by HTTP. */
async function startTxtService(names: Pebble): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { fqdn, value } = JSON.parse(Buffer.concat(chunks).toString()) as Record<'fqdn' | 'value', string>;
      const done =
        request.url === '/present'
          ? names.challenge('set-txt', { host: fqdn, value })
          : names.challenge('clear-txt', { host: fqdn });
      done.then(
        () => response.end(),
        () => response.writeHead(500).end(),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function run(
  args: readonly string[],
  input: string,
  environment: Omit<CliEnvironment, 'io'>,
): Promise<CommandEnd> {
  let out = '';
  let err = '';
  const status = await runCli(args, {
    ...environment,
    io: {
      out: (part) => {
        out += part;
      },
      err: (part) => {
        err += part;
      },
      interactive: false,
      colour: false,
      columns: 120,
      drained: () => Promise.resolve(),
      readInput: () => Promise.resolve(input),
      ask: () => Promise.resolve(null),
    },
  });
  let json: CommandEnd['json'] = null;
  try {
    json = JSON.parse(out) as Record<string, unknown>;
  } catch {
    // Not every failure is told as JSON on standard output.
  }
  return { status, json, text: `${out}${err}` };
}
