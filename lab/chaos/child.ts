import { processIo } from '../../src/cli/process-io.ts';
import { runCli } from '../../src/cli/run.ts';
import { systemRandom } from '../../src/net/system.ts';
import type { Random } from '../../src/ports/random.ts';
import { cliWorld } from '../demo/world.ts';
import { draw } from '../fault-proxy/draw.ts';
import { dieAtCommit } from '../kill/die-at-commit.ts';
import type { ChildOrder } from './child-order.ts';
import { movingClock } from './moving-clock.ts';
import { readProgress } from './progress.ts';

// Renews what is due, moves the clock to the next moment at which there is something to do, and so on until every
// certificate is renewed. Exit status 3: not done after so many runs.

const { world, clockFile, seed, rounds, runs, commit, when } = JSON.parse(process.argv[2] ?? '{}') as ChildOrder;
dieAtCommit(commit, when);
const clock = movingClock(clockFile);
let draws = 0;
const random: Random = { bytes: systemRandom.bytes, uniform: () => draw(seed, 'uniform', (draws += 1)) };
const cli = { ...cliWorld(world, processIo(process), new AbortController().signal), clock, random };
process.exitCode = 3;
for (let run = 0; run < runs; run += 1) {
  const status = await runCli(['renew', '--all-due', '--json'], cli);
  const { done, wakeAt } = readProgress(world.stateDir, rounds);
  process.stdout.write(`run ${run + 1}: status ${status}, lead ${clock.now() - Date.now()} ms\n`);
  if (done) {
    process.exitCode = 0;
    break;
  }
  clock.moveTo(wakeAt);
}
