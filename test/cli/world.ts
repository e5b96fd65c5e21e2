import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEMO_CA } from '../../lab/demo/run.ts';
import { type Pebble, startPebble } from '../../lab/pebble/server.ts';
import { seedCertificates } from '../../lab/sim-windows/seed.ts';
import { type SimWindows, startSimWindows } from '../../lab/sim-windows/sim-windows.ts';
import { runCli } from '../../src/cli/run.ts';
import type { CliEnvironment } from '../../src/cli/environment.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { configuration } from '../lab/demo/odd-configurations.ts';

export interface RunOptions {
  /** Lines that a person answers questions with; without them nobody is there. */
  readonly answers?: readonly string[];
  /** Standard input. */
  readonly input?: string;
  readonly interactive?: boolean;
  readonly colour?: boolean;
  readonly columns?: number;
  /** Hears what is printed for people, as it comes. */
  readonly onErr?: (text: string) => void;
  /** Hears what is printed as the result, as it comes. */
  readonly onOut?: (text: string) => void;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

export interface Run {
  readonly status: number;
  readonly out: string;
  readonly err: string;
  readonly questions: readonly string[];
}

export interface CliWorld {
  readonly stateDir: string;
  readonly configFile: string;
  readonly sim: SimWindows;
  readonly pebble: Pebble;
  run(args: readonly string[], options?: RunOptions): Promise<Run>;
  /** Runs with --json and parses the answer. */
  json(...args: readonly string[]): Promise<{ readonly status: number; readonly value: Json }>;
  stop(): Promise<void>;
}

/** Parsed JSON, to be asserted upon. */
export interface Json {
  readonly [key: string]: Json;
}

/** Runs one command line; `openHost` as in CliEnvironment. */
export async function runIn(
  world: Pick<CliEnvironment, 'openHost' | 'ensurePrivateFolder' | 'deploymentCatalogue'> & {
    readonly stateDir: string;
    readonly dnsServers?: readonly string[];
  },
  args: readonly string[],
  {
    answers,
    input = '',
    interactive = false,
    colour = false,
    columns = 80,
    onErr,
    onOut,
    signal,
    clock = systemClock,
  }: RunOptions = {},
): Promise<Run> {
  let out = '';
  let err = '';
  const questions: string[] = [];
  const waiting = [...(answers ?? [])];
  const status = await runCli(args, {
    ...world,
    configFile: join(world.stateDir, 'everbind.yaml'),
    clock,
    random: systemRandom,
    signal: signal ?? new AbortController().signal,
    io: {
      out: (text) => {
        out += text;
        onOut?.(text);
      },
      err: (text) => {
        err += text;
        onErr?.(text);
      },
      interactive,
      colour,
      columns,
      drained: () => Promise.resolve(),
      readInput: () => Promise.resolve(input),
      ask: (question) => {
        questions.push(question);
        return Promise.resolve(waiting.shift() ?? null);
      },
    },
  });
  return { status, out, err, questions };
}

/** Two sites with SNI, one that answers for everything, and a CA. No certificate is declared. */
export async function startCliWorld(): Promise<CliWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-cli-'));
  const stateDir = join(folder, 'state');
  await mkdir(stateDir, { mode: 0o700 });
  const http = (info: string): { protocol: string; info: string } => ({ protocol: 'http', info });
  const sim = await startSimWindows({
    applicationHostConfig: Buffer.from(
      configuration([
        {
          name: 'Shop',
          bindings: [
            http('*:80:shop.cli.test'),
            { info: '*:443:shop.cli.test', flags: '1' },
            { info: '*:443:www.shop.cli.test', flags: '1' },
          ],
        },
        { name: 'Blog', bindings: [http('*:80:blog.cli.test'), { info: '*:443:blog.cli.test', flags: '1' }] },
        { name: 'Everything', bindings: [http('*:80:'), { info: '*:8443:' }] },
      ]),
    ),
    rootFolder: join(folder, 'windows'),
  });
  await seedCertificates(sim.host, { daysLeft: 5 });
  const pebble = await startPebble({ ...DEMO_CA, httpPort: sim.httpPort });
  const listener = join(stateDir, 'listener.pem');
  const root = join(stateDir, 'root.pem');
  await writeFile(listener, pebble.listenerCaPem);
  await writeFile(root, await pebble.rootPem());
  const configFile = join(stateDir, 'everbind.yaml');
  await writeFile(
    configFile,
    `# Our server. Ask Ada before changing.
version: 1
issuers:
  - name: pebble   # for trying things
    directory: ${pebble.directoryUrl}
    termsOfServiceAgreed: true
    trustRoots: [${listener}]
    certificateRoots: [${root}]
`,
  );
  const world = {
    stateDir,
    dnsServers: [pebble.dnsServer],
    openHost: () => Promise.resolve({ host: sim.host, close: () => {} }),
  };
  const run = (args: readonly string[], options: RunOptions = {}): Promise<Run> => runIn(world, args, options);
  return {
    stateDir,
    configFile,
    sim,
    pebble,
    run,
    json: async (...args) => {
      const { status, out } = await run([...args, '--json']);
      return { status, value: JSON.parse(out) as Json };
    },
    stop: async () => {
      await pebble.stop();
      await sim.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
