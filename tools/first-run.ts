import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { inconsistencies } from '../lab/first-run/reader/consistency.ts';
import { readResultFile } from '../lab/first-run/reader/schema.ts';
import { verdictOf } from './first-run/fallen.ts';
import { markdownOf, textOf } from './first-run/report.ts';

const help = `node tools/first-run.ts FILE [--markdown]

Reads the result file of a first run or of everbind selftest --json, and says which beliefs fell.

  --markdown  the table for docs/verification.md

Exit status: 0 nothing fell that the code relies on; 1 something did; 2 the file is invalid, or wrong usage.
`;

async function main(args: readonly string[]): Promise<number> {
  let path: string | undefined;
  let markdown: boolean;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { markdown: { type: 'boolean', default: false } },
    });
    ({ markdown } = values);
    [path] = positionals;
    if (path === undefined || positionals.length !== 1) throw new TypeError('one file');
  } catch {
    process.stderr.write(help);
    return 2;
  }
  const octets = await readFile(path).catch((error: NodeJS.ErrnoException) => error.code ?? 'unreadable');
  if (typeof octets === 'string') {
    process.stderr.write(`the file cannot be read: ${octets}\n`);
    return 2;
  }
  const read = readResultFile(octets);
  if (!read.ok) {
    process.stderr.write(`${read.path === '' ? 'the file' : read.path}: ${read.problem}\n`);
    return 2;
  }
  const verdict = verdictOf(read.file);
  process.stdout.write(markdown ? markdownOf(read.file, verdict) : textOf(read.file, verdict));
  for (const { path: where, problem } of inconsistencies(read.file)) process.stderr.write(`${where}: ${problem}\n`);
  return verdict.fallen.length === 0 && verdict.failedSteps.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
