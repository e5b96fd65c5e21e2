import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sayJson } from '../../src/cli/output/json.ts';
import { renderTable } from '../../src/cli/output/table.ts';
import { siteArgument } from '../../src/cli/commands/add.ts';
import { cut, painter, printable, width, wrap } from '../../src/cli/output/text.ts';
import { daysLeft, relativeTime } from '../../src/cli/output/time.ts';

const plain = { columns: 80, paint: painter(false) };

test('a table never passes its columns and keeps fixed columns whole', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ maxLength: 300, unit: 'grapheme' }), fc.constantFrom('failed', 'renewed')), {
        maxLength: 20,
      }),
      (rows) => {
        const text = renderTable([{ title: 'SITE' }, { title: 'STATE', fixed: true }], rows, plain);
        for (const line of text.split('\n')) assert.ok(width(line) <= 80, line);
        for (const [index, row] of rows.entries()) assert.ok(text.split('\n')[index + 1]?.endsWith(row[1]));
      },
    ),
  );
});

test('text from outside cannot command the terminal', () => {
  assert.equal(printable('a\u001b[2Jb\u202e'), 'a\\u{1b}[2Jb\\u{202e}');
  const text = renderTable([{ title: 'A' }], [['\u001b]0;title\u0007']], plain);
  assert.ok(!text.includes('\u001b'));
});

test('JSON cannot command the terminal either, and says the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(0, 2), (text, indent) => {
      const value = { [text]: `\u009b2J\u202e\u2028\u{e0001}${text}` };
      let written = '';
      sayJson({ out: (chunk) => void (written += chunk) }, value, indent);
      assert.deepEqual(JSON.parse(written), value);
      assert.doesNotMatch(written.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
  );
});

test('a command that is suggested holds no command of whoever named the site', () => {
  assert.deepEqual(
    ['Shop', 'Default Web Site', 'Größe.2_a-b'].map((name) => siteArgument(3, name)),
    ['Shop', '"Default Web Site"', 'Größe.2_a-b'],
  );
  for (const name of [
    '',
    '-h',
    'a" & calc & "',
    '$(calc)',
    '`calc`',
    '%TEMP%',
    "it's",
    'a;b',
    'a\nb',
    '\u202ea',
    '@a',
  ]) {
    assert.equal(siteArgument(3, name), 'id:3', JSON.stringify(name));
  }
});

test('colours are written only when asked for', () => {
  assert.equal(painter(false)('red', 'x'), 'x');
  assert.equal(painter(true)('red', 'x'), '\u001b[31mx\u001b[39m');
});

test('width, cut and wrap agree', () => {
  assert.equal(width('例え'), 4);
  assert.equal(cut('abcdef', 4), 'abc…');
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.integer({ min: 4, max: 60 }), (text, columns) => {
      assert.ok(width(cut(text, columns)) <= columns);
      for (const line of wrap(text, columns)) assert.ok(width(line) <= columns);
    }),
  );
});

test('time in words', () => {
  assert.equal(daysLeft(10.5 * 86_400_000, 0), 10);
  assert.equal(daysLeft(-1, 0), -1);
  assert.equal(relativeTime(3 * 86_400_000, 0), 'in 3 d');
  assert.equal(relativeTime(0, 120_000), '2 min ago');
  assert.equal(relativeTime(0, 1000), 'now');
});
