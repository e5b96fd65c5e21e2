import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { type Pebble, startPebble } from '../lab/pebble/server.ts';
import { buildProgram, bundle } from '../tools/build.ts';
import { type IssueFigures, median, round, runChild } from './figures.ts';
import { type Measured, measureProgram } from './measure-program.ts';
import { type Applied, prepareState } from './prepared-state.ts';

const COUNTS = [1000, 10_000, 100_000] as const;
const RUNS = 5;
const FIRST_RUNS = 3;

/** `growth`: how many times longer a hundred times the certificates take; a hundred would be linear. */
const goals = {
  scan100000s: 0.5,
  growth: 5,
  scanPeakMiB: 200,
  firstRenewal100000s: 1,
  firstPeakMiB: 200,
  listPeakMiB: 200,
};

/**
 * What so many managed certificates cost: looking for what is due, commands that people call, the first renewal after a
 * start.
 */
export async function benchScale(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-scale-'));
  const pebble = await startPebble({ alwaysValid: true });
  try {
    const program = await buildProgram(join(folder, 'dist'));
    const renewer = pathToFileURL(await bundle('bench/issue-everbind.ts', 'issue-everbind', join(folder, 'dist')));
    const sizes: Size[] = [];
    for (const count of COUNTS) {
      const place = join(folder, String(count));
      sizes.push(await measureSize(place, count, pebble, program, renewer));
      await rm(place, { recursive: true });
    }
    const [small, , large] = sizes;
    if (small === undefined || large === undefined) throw new Error('nothing was measured');
    const figures = {
      scan1000s: round(small.scan.seconds, 3),
      scan10000s: round(sizes[1]?.scan.seconds ?? Number.NaN, 3),
      scan100000s: round(large.scan.seconds, 3),
      growth: round(large.scan.seconds / small.scan.seconds, 2),
      scanPeakMiB: round(Math.max(...sizes.map(({ scan }) => scan.peakMiB)), 1),
      databaseMiB100000: round(large.databaseMiB, 1),
      firstRenewal100000s: round(large.firstSeconds, 3),
      firstPeakMiB: round(Math.max(...sizes.map(({ firstPeakMiB }) => firstPeakMiB)), 1),
      status100000s: round(large.status.seconds, 3),
      list100000s: round(large.list.seconds, 3),
      listPeakMiB: round(large.list.peakMiB, 1),
      apply100000s: round(large.applied.seconds, 2),
      applyPeakMiB: round(large.applied.peakMiB, 1),
    };
    const ok = (Object.keys(goals) as (keyof typeof goals)[]).every((name) => figures[name] <= goals[name]);
    console.log(`goals: ${JSON.stringify(goals)}`);
    console.log(JSON.stringify({ ...figures, ok }));
    return ok;
  } finally {
    await pebble.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Size {
  readonly applied: Applied;
  readonly scan: Measured;
  readonly status: Measured;
  readonly list: Measured;
  readonly databaseMiB: number;
  /** From the start of a process to the end of the one renewal that was due. */
  readonly firstSeconds: number;
  readonly firstPeakMiB: number;
}

async function measureSize(place: string, count: number, pebble: Pebble, program: string, renewer: URL): Promise<Size> {
  const applied = await prepareState(place, count, pebble.directoryUrl);
  const state = ['--config', join(place, 'everbind.yaml'), '--state-dir', join(place, 'state')];
  const command = (...words: string[]): Measured => measureProgram(place, [program, ...words, ...state], RUNS);
  const scan = command('renew', '--all-due');
  const status = command('status');
  const list = command('list');
  const database = join(place, 'state', 'everbind.db');
  const databaseMiB = (await stat(database)).size / 2 ** 20;
  await writeFile(join(place, 'listener.pem'), pebble.listenerCaPem);
  await writeFile(join(place, 'root.pem'), await pebble.rootPem());
  const seconds: number[] = [];
  const peaks: number[] = [];
  for (let run = 0; run < FIRST_RUNS; run += 1) {
    makeOneDue(database, `c${(count / 2 + run).toFixed(0)}`);
    const started = performance.now();
    const { certificates, peakMiB } = await runChild<IssueFigures>(renewer, { folder: place });
    if (certificates !== 1) throw new Error(`${certificates} certificates were renewed where one was due`);
    seconds.push((performance.now() - started) / 1000);
    peaks.push(peakMiB);
  }
  const size: Size = {
    applied,
    scan,
    status,
    list,
    databaseMiB,
    firstSeconds: median(seconds),
    firstPeakMiB: Math.max(...peaks),
  };
  print(count, size);
  return size;
}

function makeOneDue(database: string, name: string): void {
  const db = new DatabaseSync(database);
  db.prepare('UPDATE certificate SET next_due = 0 WHERE name = ?').run(name);
  db.close();
}

function print(count: number, { applied, scan, status, list, databaseMiB, firstSeconds, firstPeakMiB }: Size): void {
  const cost = ({ seconds, peakMiB }: Measured): string => `${seconds.toFixed(3)} s, ${peakMiB.toFixed(0)} MiB`;
  console.log(`${count} certificates, ${databaseMiB.toFixed(1)} MiB of database`);
  console.log(`  nothing due    ${cost(scan)}`);
  console.log(`  first renewal  ${cost({ seconds: firstSeconds, peakMiB: firstPeakMiB })}`);
  console.log(`  status         ${cost(status)}`);
  console.log(`  list           ${cost(list)}`);
  console.log(`  configuration  ${cost(applied)} (read and applied, once after a change)`);
}
