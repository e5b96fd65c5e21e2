import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { inconsistencies } from '../lab/first-run/reader/consistency.ts';
import { readResultFile } from '../lab/first-run/reader/schema.ts';
import { verdictOf } from './first-run/fallen.ts';
import { markdownOf, textOf } from './first-run/report.ts';

const help = `node tools/first-run.ts FILE [--markdown]

Reads the result file of a first run or of everbind selftest --json, and says which beliefs fell.

  --markdown  the table for docs/verification.md

Exit status: 0 nothing fell that the code relies on; 1 something did, a step failed, or the file contradicts itself;
2 the file is invalid, or wrong usage.
`;

async function main(args: readonly string[]): Promise<number> {
  const usage = usageOf(args);
  if (usage === 'help') {
    process.stdout.write(help);
    return 0;
  }
  if (typeof usage === 'string') {
    process.stderr.write(`error: ${usage}\n(--help shows the usage)\n`);
    return 2;
  }
  const { path, markdown } = usage;
  const octets = await readFile(path).catch((error: NodeJS.ErrnoException) => error.code ?? 'unreadable');
  if (typeof octets === 'string') {
    process.stderr.write(`${path} cannot be read: ${octets}\n`);
    return 2;
  }
  const read = readResultFile(octets);
  if (!read.ok) {
    process.stderr.write(`${read.path === '' ? path : read.path}: ${read.problem}\n`);
    return 2;
  }
  const verdict = verdictOf(read.file);
  process.stdout.write(markdown ? markdownOf(read.file, verdict) : textOf(read.file, verdict));
  const contradictions = inconsistencies(read.file);
  for (const { path: where, problem } of contradictions) process.stderr.write(`${where}: ${problem}\n`);
  return verdict.fallen.length + verdict.failedSteps.length + contradictions.length === 0 ? 0 : 1;
}

/** A text other than `help` says what is wrong with the arguments. */
function usageOf(args: readonly string[]): { readonly path: string; readonly markdown: boolean } | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        markdown: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return 'help';
    const [path, ...more] = positionals;
    return path === undefined || more.length > 0 ? 'one file is wanted' : { path, markdown: values.markdown };
  } catch (error) {
    return error instanceof Error ? error.message : 'wrong usage';
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
