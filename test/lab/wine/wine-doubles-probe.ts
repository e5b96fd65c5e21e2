import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureLab, type PrefixOptions, type WineLab } from '../../../lab/wine/lab.ts';
import type { WinePrefix } from '../../../lab/wine/prefix.ts';

/** One Windows program to run, waited for before the next. */
export interface ProbeRun {
  /** A Windows path, or the name of a probe. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** It is ended (TerminateProcess) after this time. */
  readonly killAfterMs?: number;
  /** The next one starts at once. */
  readonly beside?: boolean;
}

export interface ProbeEnd {
  /** null when it was killed. */
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly milliseconds: number;
}

/** A prefix with doubles in which probes run. */
export interface ProbeHost {
  readonly prefix: WinePrefix;
  /** Lines of EVERBIND_LAB_CALLS since the last reading, cut into fields. */
  calls(): Promise<readonly (readonly string[])[]>;
  runAll(runs: readonly ProbeRun[]): Promise<readonly ProbeEnd[]>;
  /** Runs one probe process with these commands; a line of output for each. */
  probe(program: string, commands: readonly (readonly string[])[], env?: ProbeRun['env']): Promise<readonly string[]>;
  close(): Promise<void>;
}

// What node.exe runs in the prefix: it starts the programs, as the product does. It takes a line of JSON for each list
// of them, and answers with one.
const driver = `
const { spawn } = require('node:child_process');
const run = ({ program, args, env, killAfterMs }) => new Promise((resolve, reject) => {
  const start = Date.now();
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  const parts = [];
  child.stdout.on('data', (part) => parts.push(part));
  child.on('error', reject);
  if (killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  child.on('close', (code, signal) => resolve({
    status: signal === null ? code : null, stdout: Buffer.concat(parts).toString('base64'), milliseconds: Date.now() - start,
  }));
});
(async () => {
  const socket = require('node:net').connect(Number(process.argv[1]), '127.0.0.1');
  for await (const line of require('node:readline').createInterface({ input: socket })) {
    const ends = [];
    for (const each of JSON.parse(line)) {
      const end = run(each);
      ends.push(end);
      if (!each.beside) await end;
    }
    socket.write(JSON.stringify(await Promise.all(ends)) + '\\n');
  }
})();
`;

/** What a probe printed, without the line ends. */
export function linesOf(end: ProbeEnd | undefined): readonly string[] {
  return (end?.stdout.toString() ?? '').trimEnd().split(/\r?\n/);
}

/** Makes a prefix with the doubles, and starts a node.exe in it that starts the probes. */
export async function openProbeHost(options: PrefixOptions): Promise<ProbeHost> {
  const lab: WineLab = await ensureLab();
  const prefix = await lab.newPrefix(options);
  const windowsPath = (name: string): string =>
    `Z:${lab.doubles.slice(lab.root.length).replaceAll('/', '\\')}\\${name}`;
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const env = { EVERBIND_LAB_CALLS: 'C:\\calls.txt' };
  const process = await prefix.start(['-e', driver, String(port)], { env });
  const ended = process.ended.then(({ status, stderr }): never => {
    throw new Error(`node.exe ended with ${status}: ${stderr}`);
  });
  ended.catch(() => {});
  const [socket] = await Promise.race([connected, ended]);
  const answers = createInterface({ input: socket })[Symbol.asyncIterator]();
  let read = 0;

  const runAll: ProbeHost['runAll'] = async (runs) => {
    const programs = runs.map((run) => ({
      ...run,
      program: run.program.includes('\\') ? run.program : windowsPath(`${run.program}.exe`),
    }));
    socket.write(`${JSON.stringify(programs)}\n`);
    const { value } = (await Promise.race([answers.next(), ended])) as { readonly value: string };
    const ends = JSON.parse(value) as readonly (Omit<ProbeEnd, 'stdout'> & { readonly stdout: string })[];
    return ends.map((end) => ({ ...end, stdout: Buffer.from(end.stdout, 'base64') }));
  };

  return {
    prefix,
    runAll,
    calls: async () => {
      const lines = (await readFile(join(prefix.driveC, 'calls.txt'), 'utf8')).trimEnd().split('\n');
      const fresh = lines.slice(read).map((line) => line.split('\t'));
      read = lines.length;
      return fresh;
    },
    probe: async (program, commands, more) => {
      const args = commands.flatMap((command, index) => (index === 0 ? command : ['+', ...command]));
      const [end] = await runAll([{ program, args, ...(more === undefined ? {} : { env: more }) }]);
      assert.equal(end?.status, 0, `${program} ended with ${end?.status}`);
      return linesOf(end);
    },
    close: async () => {
      socket.end();
      server.close();
      await process.ended;
      await prefix.remove();
    },
  };
}
