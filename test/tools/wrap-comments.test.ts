import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { mustRun } from '../../lab/run-command.ts';
import { overlongComments, wrapComments } from '../../tools/line-width/comments.ts';
import { overlongMarkdown, wrapMarkdown } from '../../tools/line-width/reflow.ts';
import { checkLineWidth } from '../../tools/wrap-comments.ts';

const words = (count: number, word = 'word'): string => Array.from({ length: count }, () => word).join(' ');
const LONG = words(30);
/** As LONG is broken where 120, 117 and 115 columns are left. */
const [whole, of117, of115] = [24, 23, 23].map((first) => [words(first), words(30 - first)] as const);
assert.ok(whole && of117 && of115);

describe('comments', () => {
  const cases: Readonly<Record<string, readonly [string, string]>> = {
    'of several lines are filled, paragraph by paragraph': [
      `/**\n * ${LONG}\n *\n * short\n * lines\n */\nx();\n`,
      `/**\n * ${of117[0]}\n * ${of117[1]}\n *\n * short\n * lines\n */\nx();\n`,
    ],
    'of one line get several': [`  /** ${LONG} */\n`, `  /**\n   * ${of115[0]}\n   * ${of115[1]}\n   */\n`],
    'keep lists': [
      `/**\n * Said:\n * - ${LONG}\n * - ${words(2)}\n *   and\n */\n`,
      `/**\n * Said:\n * - ${of115[0]}\n *   ${of115[1]}\n * - ${words(2)}\n *   and\n */\n`,
    ],
    'keep code': [
      `/**\n * ${LONG}\n *\n *     ${LONG}\n */\n`,
      `/**\n * ${of117[0]}\n * ${of117[1]}\n *\n *     ${LONG}\n */\n`,
    ],
    'with slashes are filled and keep the breaks that were meant': [
      `// One.\n// ${LONG}\n// and on\n// ${words(2)}\nx();\n`,
      `// One.\n// ${of117[0]}\n// ${of117[1]} and on\n// ${words(2)}\nx();\n`,
    ],
    'behind code go above it': [`  x(); // ${LONG}\n`, `  // ${of115[0]}\n  // ${of115[1]}\n  x();\n`],
    'do not break code spans': [
      `// ${words(22)} \`a b c d\` ${words(3)}\n`,
      `// ${words(22)}\n// \`a b c d\` ${words(3)}\n`,
    ],
  };
  for (const [name, [text, expected]] of Object.entries(cases)) {
    it(name, () => {
      assert.equal(wrapComments(text), expected);
      assert.equal(wrapComments(expected), expected);
      assert.equal(overlongComments(text).length, 1);
      assert.deepEqual(overlongComments(expected), []);
    });
  }

  const untouched: Readonly<Record<string, string>> = {
    'a string': `const a = '// ${LONG}';\n`,
    'a template': `const a = \`\n// ${LONG}\n/* ${LONG} */\n\`;\n`,
    'a regular expression': `const a = /\\/\\/ ${LONG}/;\n`,
    'one word': `// https://example.com/${'a'.repeat(120)}\n`,
    'a word for a tool': `// oxlint-disable-next-line ${LONG}\n`,
    'what is short enough': `// ${words(23)}\n/** ${words(22)} */\n`,
    'letters of several octets': `const ä = '›'; // ${'é'.repeat(90)} ${words(1)}\n`,
  };
  for (const [name, text] of Object.entries(untouched)) {
    it(`are not ${name}`, () => {
      assert.equal(wrapComments(text), text);
      assert.deepEqual(overlongComments(text), []);
    });
  }
});

describe('Markdown', () => {
  it('is filled by paragraph and item; marks never begin a line', () => {
    assert.equal(wrapMarkdown(`${LONG}\n\nshort\nlines\n`), `${whole[0]}\n${whole[1]}\n\nshort\nlines\n`);
    assert.equal(wrapMarkdown(`1. ${LONG}\n   ${LONG}\n`).split('\n').length, 4);
    assert.equal(wrapMarkdown(`${words(24)} - ${words(2)}\n`), `${words(23)}\nword - ${words(2)}\n`);
    assert.deepEqual(overlongMarkdown(`a\n${LONG}\n`), [2]);
  });

  it('keeps tables, code and headings', () => {
    const text = `# ${LONG}\n\n| ${LONG} |\n\n    ${LONG}\n\n\`\`\`\n${LONG}\n\`\`\`\n`;
    assert.equal(wrapMarkdown(text), text);
    assert.deepEqual(overlongMarkdown(text), []);
  });
});

it('a tree is searched, and one in which nothing is seen fails', async () => {
  const root = await mkdtemp(join(tmpdir(), 'everbind-width-'));
  try {
    await mustRun('git', ['init', '-q', root]);
    await assert.rejects(checkLineWidth(root), /no TypeScript/);
    await mkdir(join(root, 'src'));
    await writeFile(join(root, 'src', 'a.ts'), '// short\n');
    await writeFile(join(root, 'README.md'), 'short\n');
    await checkLineWidth(root);
    await writeFile(join(root, 'src', 'a.ts'), `// ${LONG}\n`);
    await writeFile(join(root, 'README.md'), `\n${LONG}\n`);
    await assert.rejects(checkLineWidth(root), /README\.md:2\nsrc\/a\.ts:1$/);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
