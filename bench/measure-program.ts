import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './figures.ts';

/** One command of the program, start and end of the process included. */
export interface Measured {
  readonly seconds: number;
  readonly peakMiB: number;
}

/**
 * Median of the wall time of so many runs of this program file with these arguments; the peak of a run of its own,
 * since recording it costs a little. `folder` takes a file meanwhile. Throws when the program ends with another status
 * than 0.
 */
export function measureProgram(folder: string, args: readonly string[], runs: number): Measured {
  const seconds: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const started = performance.now();
    start(args);
    seconds.push((performance.now() - started) / 1000);
  }
  const peak = join(folder, 'peak');
  start(['--import', fileURLToPath(new URL('record-peak.mjs', import.meta.url)), ...args], {
    EVERBIND_BENCH_PEAK: peak,
  });
  return { seconds: median(seconds), peakMiB: Number(readFileSync(peak, 'utf8')) / 1024 };
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  const { status, stderr } = spawnSync(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${args.join(' ')} exited with ${status}: ${stderr}`);
}

/** Seconds that one run takes; this process goes on meanwhile. Rejects when it ends with another status than 0. */
export function startProgram(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    }
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve((performance.now() - started) / 1000);
      else reject(new Error(`${args.join(' ')} exited with ${status}: ${said}`));
    });
  });
}
