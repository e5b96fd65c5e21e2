import { readFile, writeFile } from 'node:fs/promises';
import { beliefsPage } from '../lab/beliefs/page.ts';
import { wrapMarkdown } from './line-width/reflow.ts';

const file = new URL('../docs/windows-beliefs.md', import.meta.url);

/** Fails when the committed page is not what lab/beliefs says. */
export async function checkBeliefsPage(): Promise<void> {
  const committed = await readFile(file, 'utf8').catch(() => '');
  if (committed !== wrapMarkdown(beliefsPage())) {
    throw new Error('docs/windows-beliefs.md is out of date: run node tools/beliefs-page.ts --write');
  }
}

if (import.meta.main) {
  if (process.argv.includes('--write')) await writeFile(file, wrapMarkdown(beliefsPage()));
  else await checkBeliefsPage();
}
