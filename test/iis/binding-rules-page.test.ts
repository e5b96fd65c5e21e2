import { ok } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url);
const read = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8');

test('docs/binding-rules.md has every word that a plan or an inventory can hold', async () => {
  const page = await read('docs/binding-rules.md');
  const sources = await Promise.all(
    ['src/iis/plan/types.ts', 'src/iis/config/inventory-types.ts', 'src/iis/config/binding-information.ts'].map(read),
  );
  // Alternatives of unions of words, one after another or each on its line.
  const words = sources.flatMap((text) =>
    [...text.replaceAll(/Pick<[^>]*>/g, '').matchAll(/\| '([a-z]+(?:-[a-z]+)*)'/g)].map(([, word]) => word ?? ''),
  );
  ok(words.length >= 30, `only ${words.length} words found`);
  for (const word of words) ok(page.includes(`\`${word}\``), `docs/binding-rules.md lacks ${word}`);
});
