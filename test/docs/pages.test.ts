import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const pages = globSync(['*.md', 'docs/**/*.md', 'lab/**/*.md'], { cwd: root });

/** The anchors that a page's headings have where Markdown is shown, as GitHub makes them. */
function anchors(page: string): readonly string[] {
  const text = read(page).replaceAll(/^ *```[^]*?^ *```/gm, '');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function brokenLinks(page: string, text: string): readonly string[] {
  const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : normalize(join(dirname(page), path));
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchors(target).includes(anchor);
  });
}

/** Files of ours that stand in code spans, with `{a,b}` and `*` as a shell has them. */
function missingFiles(text: string): readonly string[] {
  const spans = [...text.matchAll(/`((?:src|lab|test|tools|bench|docs|examples)\/[\w./*{},-]+)`/g)];
  return spans.map(([, path = '']) => path).filter((path) => globSync(path, { cwd: root }).length === 0);
}

describe('pages', () => {
  it('every link between them leads somewhere', () => {
    assert.ok(pages.length > 20, `only ${pages.length} pages found`);
    for (const page of pages) assert.deepEqual(brokenLinks(page, read(page)), [], page);
  });

  it('every file that they name is there', () => {
    for (const page of pages) assert.deepEqual(missingFiles(read(page)), [], page);
  });

  it('a link, an anchor and a file that are not there are found', () => {
    const wrong =
      '[a](nowhere.md) [b](renewal.md#nowhere) [c](renewal.md#the-steps) `src/nowhere.ts` `src/cli/main.ts`';
    assert.deepEqual(brokenLinks('docs/audit.md', wrong), ['nowhere.md', 'renewal.md#nowhere']);
    assert.deepEqual(missingFiles(wrong), ['src/nowhere.ts']);
  });
});

it('docs/audit.md has every type of event', () => {
  const table = read('docs/audit.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  // `order.*` is all of a kind; `.changed` goes on with the kind before it.
  const known = table.flatMap((line) => {
    let kind = '';
    return [...(line.split('|')[1] ?? '').matchAll(/`([a-z-]*)(\.[a-z*-]+)`/g)].map(([, own = '', rest = '']) => {
      kind = own === '' ? kind : own;
      return `${kind}${rest}`;
    });
  });
  const sources = globSync('src/**/*.ts', { cwd: root }).map(read);
  const types = sources.flatMap((text) =>
    [...text.matchAll(/\btype: (?:[^'\n]*\? )?'([a-z-]+\.[a-z-]+)'(?: : '([a-z-]+\.[a-z-]+)')?/g)].flatMap(
      ([, one = '', other = one]) => [one, other],
    ),
  );
  assert.ok(new Set(types).size > 30, `only ${new Set(types).size} types found`);
  const unknown = types.filter((type) => !known.includes(type) && !known.includes(type.replace(/\..*/, '.*')));
  assert.deepEqual([...new Set(unknown)], []);
});
