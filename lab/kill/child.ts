import { processIo } from '../../src/cli/process-io.ts';
import { runCli } from '../../src/cli/run.ts';
import { cliWorld, type DemoWorld } from '../demo/world.ts';
import { dieAtCommit } from './die-at-commit.ts';

// One command against the lab's world that kills itself at a given commit.

interface Order {
  readonly world: DemoWorld;
  readonly argv: readonly string[];
  /** Kill at this commit, from 1; null: never. */
  readonly commit: number | null;
  readonly when: 'before' | 'after';
}

const { world, argv, commit, when } = JSON.parse(process.argv[2] ?? '{}') as Order;
const commits = dieAtCommit(commit, when);
process.exitCode = await runCli(argv, cliWorld(world, processIo(process), new AbortController().signal));
process.stderr.write(`commits ${commits()}\n`);
