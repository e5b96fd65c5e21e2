import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../../tools/build.ts';
import { runSeed, type SeedResult } from './run-seed.ts';
import { type Sabotage, SABOTAGES } from './sabotage.ts';
import { summarize } from './summary.ts';

const help = `npm run chaos -- [--seeds N] [--seed N] [--jobs N] [--sabotage NAME]

Renews a fleet of certificates through a proxy that spoils what passes between Everbind and a real CA, while the program is killed again and
again, or stopped while another one takes over, and judges the end: every certificate bound and verified, none issued twice for one due date, no order lost, the log whole.

  --seeds N   seeds 1 to N (default 20)
  --seed N    this seed alone, with what the program printed
  --jobs N    seeds at a time (default: one a processor)
  --sabotage NAME  does one thing wrong before the judgement, which must find it:
              ${Object.keys(SABOTAGES).join(', ')}

The last line is one JSON object. Exit status: 0 all is well, 1 it is not, 2 wrong usage.

Examples:
  npm run chaos -- --seeds 200
  npm run chaos -- --seed 17
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const number = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : /^[1-9]\d{0,6}$/.test(text) ? Number(text) : Number.NaN;
  let options: { readonly seeds: number; readonly seed: number; readonly jobs: number };
  let sabotage: Sabotage | undefined;
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string' },
        seed: { type: 'string' },
        jobs: { type: 'string' },
        sabotage: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(help);
      return 0;
    }
    options = {
      seeds: number(values.seeds, 20),
      seed: number(values.seed, 0),
      jobs: number(values.jobs, availableParallelism()),
    };
    if (Object.values(options).some(Number.isNaN)) throw new TypeError('not a number');
    if (values.sabotage !== undefined) {
      sabotage = Object.hasOwn(SABOTAGES, values.sabotage) ? SABOTAGES[values.sabotage] : undefined;
      if (sabotage === undefined) throw new TypeError('no such sabotage');
    }
  } catch {
    process.stderr.write(help);
    return 2;
  }
  const { seeds, seed, jobs } = options;
  const folder = await mkdtemp(join(tmpdir(), 'everbind-chaos-program-'));
  try {
    const program = await bundle('lab/chaos/child.ts', 'child', folder);
    const left = seed > 0 ? [seed] : Array.from({ length: seeds }, (_, index) => index + 1);
    const results: SeedResult[] = [];
    const worker = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const result = await runSeed(program, next, sabotage);
        results.push(result);
        report(result, { whole: seed > 0, done: results.length, of: seed > 0 ? 1 : seeds });
      }
    };
    await Promise.all(Array.from({ length: jobs }, worker));
    const { text, line, ok } = summarize(results);
    process.stdout.write(`${text}${JSON.stringify(line)}\n`);
    return ok ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function report(
  { seed, findings, output }: SeedResult,
  { whole, done, of }: { readonly whole: boolean; readonly done: number; readonly of: number },
): void {
  if (whole) process.stdout.write(output);
  if (findings.length > 0) {
    process.stdout.write(`seed ${seed} failed; again: npm run chaos -- --seed ${seed}\n`);
    for (const finding of findings) process.stdout.write(`  ${finding}\n`);
  }
  if (done % 10 === 0) process.stdout.write(`${done} of ${of} seeds\n`);
}
