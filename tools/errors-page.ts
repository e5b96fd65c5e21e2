import { readFile, writeFile } from 'node:fs/promises';
import { ERRORS } from '../src/errors/table.ts';
import { wrapMarkdown } from './line-width/reflow.ts';

const file = new URL('../docs/errors.md', import.meta.url);

/** docs/errors.md as the table of codes says it must be. */
export function errorsPage(): string {
  const rows = Object.entries(ERRORS)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, entry]) =>
        `## ${code}\n\n${entry.summary}\n\n**What to do:** ${entry.action}\n\nExit status ${entry.exit}.\n`,
    );
  const page = [
    '# Error codes',
    '',
    'Generated from `src/errors/` by `node tools/errors-page.ts --write`. Codes are stable; texts may be improved.',
    '',
    'Exit statuses: 0 done; 1 the work failed; 2 wrong usage or configuration; 3 some certificates failed, others did not;',
    '4 another Everbind is at work; 5 this machine or its rights do not allow it; 6 the audit log does not verify;',
    '70 a defect in Everbind; 130 interrupted.',
    '',
    ...rows,
  ].join('\n');
  return wrapMarkdown(page);
}

/** Fails when the committed page is not what the table says. */
export async function checkErrorsPage(): Promise<void> {
  const committed = await readFile(file, 'utf8').catch(() => '');
  if (committed !== errorsPage())
    throw new Error('docs/errors.md is out of date: run node tools/errors-page.ts --write');
  console.log(`errors: ${Object.keys(ERRORS).length} codes documented`);
}

if (import.meta.main) {
  if (process.argv.includes('--write')) await writeFile(file, errorsPage());
  else await checkErrorsPage();
}
