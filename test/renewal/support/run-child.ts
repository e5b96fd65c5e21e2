import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../../tools/build.ts';
import type { Outcome } from '../../../src/renewal/engine/outcome.ts';
import type { CaAddress } from './state.ts';

/** What renew-and-die.ts does. */
export interface RunRequest {
  readonly folder: string;
  readonly ca: CaAddress;
  /** YAML. */
  readonly certificates: string;
  readonly concurrency: number;
  /** Once all that is due is done, all is renewed again. */
  readonly twice?: boolean;
  /** Then the account gets a new key. */
  readonly rollOver?: boolean;
  /** Killed at the first point that has this in its name. */
  readonly dieAfter?: string;
  /** Number of the point (from 1) at which it is killed; without it, it runs to its end. */
  readonly dieAt?: number;
}

export interface RunResult {
  readonly killed: boolean;
  readonly points: readonly string[];
  readonly outcomes: readonly Outcome[];
  /** Code of what ended the run. */
  readonly error: string | null;
}

let program: Promise<string> | null = null;

/** Bundled, since a child that compiles everything at its start takes a second of its short life for that. */
function bundled(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'everbind-child-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return bundle('test/renewal/support/renew-and-die.ts', 'renew-and-die', folder);
}

/** Runs the engine in a child; `killAfterMs` kills it from outside. */
export async function runChild(request: RunRequest, killAfterMs?: number): Promise<RunResult> {
  program ??= bundled();
  const file = await program;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, JSON.stringify(request)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    let output = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (signal === null && code !== 0 && !output.includes('"error"')) {
        reject(new Error(`the child ended with ${code}`));
        return;
      }
      const lines = output
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { point?: string; outcome?: Outcome; error?: string });
      resolve({
        killed: signal === 'SIGKILL',
        points: lines.flatMap(({ point }) => point ?? []),
        outcomes: lines.flatMap(({ outcome }) => outcome ?? []),
        error: lines.find(({ error }) => error !== undefined)?.error ?? null,
      });
    });
  });
}
