import { spawn, type ChildProcess } from 'node:child_process';
import { dirname } from 'node:path';

export interface ProgramRun {
  /** Absolute path of the program, then its arguments; no shell. The program's folder becomes the working directory. */
  readonly command: readonly string[];
  /** Written to its standard input, which is then closed. */
  readonly input: string;
  readonly timeoutMs: number;
  /** Of standard output and standard error together, in octets. */
  readonly maxOutput: number;
}

/** How a program ended. `lastWords`: the end of its standard error, printable, at most 300 characters. */
export type ProgramEnd =
  | { readonly kind: 'exited'; readonly exitCode: number | null; readonly lastWords: string }
  | { readonly kind: 'timeout'; readonly lastWords: string }
  | { readonly kind: 'output-too-large' }
  | { readonly kind: 'not-started'; readonly code: string };

/**
 * Runs a program of the operator, bounded in time and output. Past a bound the program is killed, on POSIX with all its
 * children. Rejects with the signal's reason only.
 */
export function runProgram(run: ProgramRun, signal?: AbortSignal): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const [file = '', ...args] = run.command;
    // A group of its own on POSIX, so that the program's children can be killed with it.
    const child = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: environment(),
      // The program's own folder: an attacker who can write there could replace the program anyway. In a folder for
      // temporary files anybody could place a library or a program that is found before the intended one.
      cwd: dirname(file),
      shell: false,
      windowsHide: true,
      detached: process.platform !== 'win32',
    });
    let size = 0;
    let words = '';
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      finish();
    };
    const stopWith = (end: ProgramEnd): void => settle(() => (kill(child), resolve(end)));
    const abort = (): void => settle(() => (kill(child), reject(signal?.reason as Error)));
    const timer = setTimeout(() => stopWith({ kind: 'timeout', lastWords: printable(words) }), run.timeoutMs);
    signal?.addEventListener('abort', abort);
    const count = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > run.maxOutput) stopWith({ kind: 'output-too-large' });
    };
    child.stdout.on('data', count);
    child.stderr.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString('utf8')).slice(-1_000);
      count(chunk);
    });
    child.on('error', (error: NodeJS.ErrnoException) =>
      settle(() => resolve({ kind: 'not-started', code: error.code ?? 'UNKNOWN' })),
    );
    // Not 'close': a child of the program may keep its output open for ever.
    child.on('exit', (exitCode) => {
      setImmediate(() => stopWith({ kind: 'exited', exitCode, lastWords: printable(words) }));
    });
    // A program need not read its input.
    child.stdin.on('error', () => {});
    child.stdin.end(run.input);
  });
}

function kill(child: ChildProcess): void {
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
  if (process.platform === 'win32' || child.pid === undefined) {
    child.kill('SIGKILL');
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The whole group is gone already.
  }
}

// What programs and interpreters need to start and to find their settings, and nothing else: a secret in the
// environment of Everbind is not for the program.
const passedOn: readonly string[] = [
  'PATH',
  'HOME',
  'LANG',
  'TMPDIR',
  'SystemRoot',
  'SystemDrive',
  'windir',
  'ComSpec',
  'PATHEXT',
  'TEMP',
  'TMP',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
  'ProgramData',
  'ProgramFiles',
];

function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    passedOn.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function printable(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(-300);
}
