import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildProgram } from '../tools/build.ts';
import { round, runChild } from './figures.ts';

const goals = { idle1000s: 0.15, idle10000s: 0.15, peakMiB: 80, versionS: 0.08 };
const RUNS = 9;

interface Measured {
  readonly seconds: number;
  readonly peakMiB: number;
}

/** The whole process of `renew --all-due` when nothing is due, and of `--version`: medians of the bundled program. */
export async function benchIdle(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-idle-'));
  try {
    const program = await buildProgram(join(folder, 'dist'));
    const version = measure(folder, [program, '--version']);
    console.log(`--version: ${version.seconds.toFixed(3)} s, ${version.peakMiB.toFixed(0)} MiB`);
    const idle: Measured[] = [];
    for (const count of [1000, 10_000]) {
      const place = join(folder, String(count));
      await prepare(place, count);
      const measured = measure(folder, [
        program,
        'renew',
        '--all-due',
        '--config',
        join(place, 'everbind.yaml'),
        '--state-dir',
        join(place, 'state'),
      ]);
      console.log(
        `${count} certificates, none due: ${measured.seconds.toFixed(3)} s, ${measured.peakMiB.toFixed(0)} MiB`,
      );
      idle.push(measured);
    }
    const figures = {
      idle1000s: round(idle[0]?.seconds ?? Number.NaN, 3),
      idle10000s: round(idle[1]?.seconds ?? Number.NaN, 3),
      peakMiB: round(Math.max(...idle.map(({ peakMiB }) => peakMiB)), 1),
      versionS: round(version.seconds, 3),
    };
    const ok = (Object.keys(goals) as (keyof typeof goals)[]).every((name) => figures[name] <= goals[name]);
    console.log(`goals: ${JSON.stringify(goals)}`);
    console.log(JSON.stringify({ ...figures, ok }));
    return ok;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function prepare(place: string, count: number): Promise<void> {
  await mkdir(join(place, 'state'), { recursive: true, mode: 0o700 });
  const certificates = Array.from(
    { length: count },
    (_, index) => `  - { name: c${index}, names: [c${index}.bench.test] }`,
  );
  const configuration = [
    'version: 1',
    'issuers:',
    '  - { name: ca, directory: "https://ca.bench.test/directory", termsOfServiceAgreed: true }',
    'certificates:',
    ...certificates,
    '',
  ];
  await writeFile(join(place, 'everbind.yaml'), configuration.join('\n'));
  await runChild(new URL('idle-prepare.ts', import.meta.url), { folder: place });
}

/** Median of the wall time; the peak of a run of its own, since recording it costs a little. */
function measure(folder: string, args: readonly string[]): Measured {
  const seconds: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const started = performance.now();
    start(args);
    seconds.push((performance.now() - started) / 1000);
  }
  const peak = join(folder, 'peak');
  start(['--import', fileURLToPath(new URL('record-peak.mjs', import.meta.url)), ...args], {
    EVERBIND_BENCH_PEAK: peak,
  });
  return {
    seconds: seconds.sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? Number.NaN,
    peakMiB: Number(readFileSync(peak, 'utf8')) / 1024,
  };
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  const { status, stderr } = spawnSync(process.execPath, args, { env: { ...process.env, ...env }, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} exited with ${status}: ${stderr}`);
}
