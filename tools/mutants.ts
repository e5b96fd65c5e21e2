import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runMutants, type Sabotage, SABOTAGES } from './mutants/run.ts';

const help = `npm run mutants -- [--every N] [--only TEXT] [--per-file N] [--jobs N] [--sabotage NAME]

Changes one thing at a time in what decides over verification, plan, journal, fencing, sealing and the responses of CAs
(a comparison inverted, a bound moved by one, a check or a sync skipped), and runs the tests that must notice it.

  --every N        one mutant in so many (default 1)
  --only TEXT      only files whose path contains this
  --per-file N     most mutants of one file, spread over it (default 10)
  --jobs N         mutants at a time (default: one a processor)
  --sabotage NAME  does one thing wrong, which must be noticed: ${SABOTAGES.join(', ')}

The last line is one JSON object. Exit status: 0 all is well, 1 it is not, 2 wrong usage.

Examples:
  npm run mutants
  npm run mutants -- --only src/store/ --per-file 1000
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const number = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : /^[1-9]\d{0,5}$/.test(text) ? Number(text) : Number.NaN;
  try {
    const { values } = parseArgs({
      options: {
        every: { type: 'string' },
        only: { type: 'string', default: '' },
        'per-file': { type: 'string' },
        jobs: { type: 'string' },
        sabotage: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(help);
      return 0;
    }
    const numbers = {
      every: number(values.every, 1),
      perFile: number(values['per-file'], 10),
      jobs: number(values.jobs, availableParallelism()),
    };
    const sabotage = (values.sabotage ?? null) as Sabotage | null;
    if (Object.values(numbers).some(Number.isNaN)) throw new TypeError('not a number');
    if (sabotage !== null && !SABOTAGES.includes(sabotage)) throw new TypeError('no such sabotage');
    const line = await runMutants({
      root: fileURLToPath(new URL('..', import.meta.url)),
      only: values.only,
      ...numbers,
      sabotage,
      say: (text) => process.stdout.write(`${text}\n`),
    });
    process.stdout.write(`${JSON.stringify(line)}\n`);
    return line.ok ? 0 : 1;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(help);
    return 2;
  }
}
