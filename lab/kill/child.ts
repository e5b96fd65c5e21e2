import { processIo } from '../../src/cli/process-io.ts';
import { runCli } from '../../src/cli/run.ts';
import { systemClock } from '../../src/net/system.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { cliWorld, type DemoWorld } from '../demo/world.ts';
import { dieAtCommit } from './die-at-commit.ts';

// One command against the lab's world that kills itself at a given commit.

interface Order {
  readonly world: DemoWorld;
  readonly argv: readonly string[];
  /** Kill at this commit, from 1; null: never. */
  readonly commit: number | null;
  readonly when: 'before' | 'after';
  readonly signal?: 'SIGKILL' | 'SIGSTOP';
  /** By how many milliseconds its clock is ahead. */
  readonly leadMs?: number;
}

const { world, argv, commit, when, signal, leadMs = 0 } = JSON.parse(process.argv[2] ?? '{}') as Order;
const commits = dieAtCommit(commit, when, signal);
const clock: Clock = { ...systemClock, now: () => Date.now() + leadMs };
process.exitCode = await runCli(argv, {
  ...cliWorld(world, processIo(process), new AbortController().signal),
  clock,
});
process.stderr.write(`commits ${commits()}\n`);
