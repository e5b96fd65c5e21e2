import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildProbes } from '../../../lab/wine/doubles/probes.ts';
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

// What node.exe runs in the prefix: it starts the programs, as the product does.
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
  const ends = [];
  for (const each of JSON.parse(require('node:fs').readFileSync(process.env.PROBE_RUNS, 'utf8'))) {
    const end = run(each);
    ends.push(end);
    if (!each.beside) await end;
  }
  console.log(JSON.stringify(await Promise.all(ends)));
})();
`;

/** What a probe printed, without the line ends. */
export function linesOf(end: ProbeEnd | undefined): readonly string[] {
  return (end?.stdout.toString() ?? '').trimEnd().split(/\r?\n/);
}

/** Makes a prefix with the doubles and builds the probes. */
export async function openProbeHost(options: PrefixOptions): Promise<ProbeHost> {
  const lab: WineLab = await ensureLab();
  const place = `var/everbind/probes-${randomBytes(4).toString('hex')}`;
  const folder = join(lab.root, place);
  await mkdir(folder, { recursive: true });
  await buildProbes(lab, folder);
  const prefix = await lab.newPrefix(options);
  const windowsPath = (name: string): string => `Z:\\${place.replaceAll('/', '\\')}\\${name}`;
  let read = 0;
  let lists = 0;

  const runAll: ProbeHost['runAll'] = async (runs) => {
    const list = `runs-${++lists}.json`;
    const programs = runs.map((run) => ({
      ...run,
      program: run.program.includes('\\') ? run.program : windowsPath(`${run.program}.exe`),
    }));
    await writeFile(join(folder, list), JSON.stringify(programs));
    const env = { PROBE_RUNS: windowsPath(list), EVERBIND_LAB_CALLS: `/${place}/calls.txt` };
    const { status, stdout, stderr } = await prefix.run(['-e', driver], { env });
    assert.equal(status, 0, stderr);
    const ends = JSON.parse(stdout) as readonly (Omit<ProbeEnd, 'stdout'> & { readonly stdout: string })[];
    return ends.map((end) => ({ ...end, stdout: Buffer.from(end.stdout, 'base64') }));
  };

  return {
    prefix,
    runAll,
    calls: async () => {
      const lines = (await readFile(join(folder, 'calls.txt'), 'utf8')).trimEnd().split('\n');
      const fresh = lines.slice(read).map((line) => line.split('\t'));
      read = lines.length;
      return fresh;
    },
    probe: async (program, commands, env) => {
      const args = commands.flatMap((command, index) => (index === 0 ? command : ['+', ...command]));
      const [end] = await runAll([{ program, args, ...(env === undefined ? {} : { env }) }]);
      assert.equal(end?.status, 0, `${program} ended with ${end?.status}`);
      return linesOf(end);
    },
    close: async () => {
      await prefix.remove();
      await rm(folder, { recursive: true });
    },
  };
}
