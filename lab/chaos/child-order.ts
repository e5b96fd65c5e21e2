import { spawn } from 'node:child_process';
import type { DemoWorld } from '../demo/world.ts';

/** What a child is told. */
export interface ChildOrder {
  readonly world: DemoWorld;
  /** File of the clock's lead. */
  readonly clockFile: string;
  /** Of what it draws beside keys: the jitter of its waits. */
  readonly seed: number;
  /** It ends when every certificate has been renewed so many times… */
  readonly rounds: number;
  /** …or after so many runs. */
  readonly runs: number;
  /** It kills itself at this commit, from 1; null: never. */
  readonly commit: number | null;
  readonly when: 'before' | 'after';
}

export interface Child {
  kill(): void;
  stop(): void;
  /** After stop(). */
  resume(): void;
  readonly end: Promise<{ readonly killed: boolean; readonly status: number | null; readonly output: string }>;
}

/** Starts the bundled child. */
export function startChild(program: string, order: ChildOrder): Child {
  const child = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      output += chunk;
    });
  }
  return {
    kill: () => child.kill('SIGKILL'),
    stop: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    end: new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) => resolve({ killed: signal === 'SIGKILL', status, output }));
    }),
  };
}
