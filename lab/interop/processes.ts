import { type ChildProcess, spawn } from 'node:child_process';
import { programEnvironment } from '../debian-package.ts';

/** Programs that run until they are stopped. */
export interface Processes {
  /** Starts a program of an unpacked folder, with what it says kept for the case that it does not come up. */
  start(root: string, program: string, args: readonly string[]): void;
  /** Returns when `probe` does not throw any more. Throws when a program has ended, or after a minute. */
  until(what: string, probe: () => Promise<unknown>): Promise<void>;
  stop(): Promise<void>;
}

const LIMIT_MS = 60_000;

export function createProcesses(): Processes {
  const children: { readonly program: string; readonly child: ChildProcess; said: string }[] = [];
  return {
    start(root, program, args) {
      const child = spawn(`${root}/usr/sbin/${program}`, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: programEnvironment(root),
      });
      const entry = { program, child, said: '' };
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => {
          entry.said = (entry.said + chunk.toString('utf8')).slice(-4_000);
        });
      }
      child.on('error', (error) => {
        entry.said += error.message;
      });
      children.push(entry);
    },
    async until(what, probe) {
      const deadline = Date.now() + LIMIT_MS;
      for (;;) {
        try {
          await probe();
          return;
        } catch (error) {
          const ended = children.find(({ child }) => child.exitCode !== null || child.signalCode !== null);
          if (ended !== undefined) throw new Error(`${ended.program} ended: ${ended.said}`, { cause: error });
          if (Date.now() > deadline) {
            const said = children.map((entry) => `${entry.program}: ${entry.said.slice(-800)}`).join('\n');
            throw new Error(`${what} does not answer: ${String(error)}\n${said}`, { cause: error });
          }
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    },
    async stop() {
      await Promise.all(children.map(({ child }) => end(child)));
    },
  };
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
