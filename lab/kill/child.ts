import { DatabaseSync } from 'node:sqlite';
import { processIo } from '../../src/cli/process-io.ts';
import { runCli } from '../../src/cli/run.ts';
import { cliWorld, type DemoWorld } from '../demo/world.ts';

// One command against the lab's world that kills itself at a given commit: right before it reaches the disk, or right after. The product knows
// nothing of this: SQLite's COMMIT is what is watched, below all of it.

interface Order {
  readonly world: DemoWorld;
  readonly argv: readonly string[];
  /** Kill at this commit, from 1; null: never. */
  readonly commit: number | null;
  readonly when: 'before' | 'after';
}

const { world, argv, commit, when } = JSON.parse(process.argv[2] ?? '{}') as Order;
let commits = 0;
const exec = DatabaseSync.prototype.exec;
DatabaseSync.prototype.exec = function (sql) {
  if (sql !== 'COMMIT') return exec.call(this, sql);
  commits += 1;
  if (commits === commit && when === 'before') process.kill(process.pid, 'SIGKILL');
  exec.call(this, sql);
  if (commits === commit && when === 'after') process.kill(process.pid, 'SIGKILL');
};
process.exitCode = await runCli(argv, cliWorld(world, processIo(process), new AbortController().signal));
process.stderr.write(`commits ${commits}\n`);
