import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildProgram } from '../tools/build.ts';
import { round } from './figures.ts';
import { type Measured, measureProgram } from './measure-program.ts';
import { prepareState } from './prepared-state.ts';

const goals = { idle1000s: 0.15, idle10000s: 0.15, peakMiB: 80, versionS: 0.08 };
const RUNS = 9;

/** The whole process of `renew --all-due` when nothing is due, and of `--version`: medians of the bundled program. */
export async function benchIdle(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-idle-'));
  try {
    const program = await buildProgram(join(folder, 'dist'));
    const version = measureProgram(folder, [program, '--version'], RUNS);
    console.log(`--version: ${version.seconds.toFixed(3)} s, ${version.peakMiB.toFixed(0)} MiB`);
    const idle: Measured[] = [];
    for (const count of [1000, 10_000]) {
      const place = join(folder, String(count));
      await prepareState(place, count, 'https://ca.bench.test/directory');
      const measured = measureProgram(
        folder,
        [program, 'renew', '--all-due', '--config', join(place, 'everbind.yaml'), '--state-dir', join(place, 'state')],
        RUNS,
      );
      console.log(
        `${count} certificates, none due: ${measured.seconds.toFixed(3)} s, ${measured.peakMiB.toFixed(0)} MiB`,
      );
      idle.push(measured);
    }
    const figures = {
      idle1000s: round(idle[0]?.seconds ?? Number.NaN, 3),
      idle10000s: round(idle[1]?.seconds ?? Number.NaN, 3),
      peakMiB: round(Math.max(...idle.map(({ peakMiB }) => peakMiB)), 1),
      versionS: round(version.seconds, 3),
    };
    const ok = (Object.keys(goals) as (keyof typeof goals)[]).every((name) => figures[name] <= goals[name]);
    console.log(`goals: ${JSON.stringify(goals)}`);
    console.log(JSON.stringify({ ...figures, ok }));
    return ok;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
