import { spawn } from 'node:child_process';

/** What a child of `issue` prints as its last line. */
export interface IssueFigures {
  readonly certificates: number;
  /** First request until the last certificate is stored. */
  readonly wallMs: number;
  /** User and system time of the whole process, start included. */
  readonly cpuMs: number;
  readonly peakMiB: number;
  /** For certificates; those of the run as a whole (directory, account, nonces) are apart. */
  readonly requests: number;
  readonly runRequests: number;
  readonly connections: number;
}

/** CPU and peak memory of this process, for a child to print at its end. */
export function ownFigures(): { cpuMs: number; peakMiB: number } {
  const usage = process.resourceUsage();
  return {
    cpuMs: (usage.userCPUTime + usage.systemCPUTime) / 1000,
    peakMiB: usage.maxRSS / 1024,
  };
}

/** A child that takes longer hangs. */
const MOST_MS = 120_000;

/** Runs a child script on this Node with one JSON argument and reads the JSON of its last line. */
export function runChild<T>(script: URL, argument: unknown, env: NodeJS.ProcessEnv = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script.pathname, JSON.stringify(argument)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
      timeout: MOST_MS,
      killSignal: 'SIGKILL',
    });
    let output = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const last = output.trim().split('\n').at(-1) ?? '';
      if (code === 0) resolve(JSON.parse(last) as T);
      else reject(new Error(`${script.pathname} ended with ${signal ?? code}: ${last}`));
    });
  });
}

/** Rounds for display. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** The middle one; of an even number the lower of the two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}
