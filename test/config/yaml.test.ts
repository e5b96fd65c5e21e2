import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placesOf, problemsOf, read } from './read-text.ts';
import { cpuMs } from '../cpu-time.ts';

const GOOD = `version: 1
issuers:
  - name: main
    directory: https://ca.example/
certificates:
  - name: shop
    names: [shop.example.com]
`;

function only(octets: string | Uint8Array): { place: string; found: string; expected: string } {
  const problems = problemsOf(octets);
  assert.equal(problems.length, 1, JSON.stringify(problems));
  const [problem] = problems;
  return {
    place: placesOf(problems)[0] ?? '',
    found: problem?.found ?? '',
    expected: problem?.expected ?? '',
  };
}

describe('YAML', () => {
  it('a byte order mark and CRLF change nothing but the place of nothing', () => {
    const plain = read(GOOD);
    const windows = read(`\ufeff${GOOD.replaceAll('\n', '\r\n')}`);
    assert.deepEqual({ ...windows, fingerprint: '' }, { ...plain, fingerprint: '' });
    assert.equal(
      only(`\ufeff${GOOD.replace('shop.example.com', 'a_b').replaceAll('\n', '\r\n')}`).place.slice(0, 4),
      '7:13',
    );
  });

  it('JSON is read', () => {
    const json = JSON.stringify({
      version: 1,
      issuers: [{ name: 'main', directory: 'https://ca.example/' }],
      certificates: [{ name: 'shop', names: ['shop.example.com'] }],
    });
    assert.deepEqual({ ...read(json), fingerprint: '' }, { ...read(GOOD), fingerprint: '' });
  });

  it('octets that are not UTF-8 are refused with their line', () => {
    const latin1 = Buffer.from(GOOD.replace('shop.example.com', 'b\u00fccher.example'), 'latin1');
    assert.deepEqual(only(latin1), {
      place: '7:1 ',
      found: 'octets that are not UTF-8',
      expected: 'a file saved as UTF-8',
    });
    assert.equal(only(Buffer.from(`\ufeff${GOOD}`, 'utf16le')).found, 'UTF-16 text');
  });

  it('duplicate keys are refused, at the second one', () => {
    assert.deepEqual(only(`${GOOD}    keepOld: 1\n    keepOld: 2\n`), {
      place: '9:5 ',
      found: 'a key that this mapping has already',
      expected: 'each key once',
    });
  });

  it('all errors of the YAML are told, without its text', () => {
    const problems = problemsOf('a: "hunter2\nb: \'hunter2\n\tc: hunter2: x\n');
    assert.ok(problems.length > 0);
    assert.doesNotMatch(JSON.stringify(problems), /hunter2/);
  });

  for (const [what, text, found] of [
    ['an unclosed quote', `${GOOD}x: "y\n`, /an end without/],
    ['a tab for indentation', `${GOOD}x:\n\ty: 1\n`, /a tab|indented|text where none/],
    ['a tag of a program', `${GOOD}x: !!js/function "x"\n`, /a tag/],
    ['a tag of our own making', `${GOOD}x: !secret abc\n`, /a tag/],
    ['an alias without an anchor', `${GOOD}x: *nothing\n`, /an alias without an anchor/],
    ['an alias within its anchor', `${GOOD}x: &a [*a]\n`, /an alias without an anchor/],
    ['a second document', `${GOOD}---\n${GOOD}`, /a second document/],
    ['YAML 1.1', `%YAML 1.1\n---\n${GOOD}`, /a directive/],
    ['a list as a key', `${GOOD}? [a]\n: 1\n`, /a key that is not text/],
    ['a value beside a mapping', `${GOOD}nonsense\n`, /./],
  ] as const) {
    it(`${what} is refused`, () => {
      const problems = problemsOf(text);
      assert.match(problems[0]?.found ?? '', found);
      assert.ok((problems[0]?.line ?? 0) >= 1);
    });
  }

  it('anchors and aliases work', () => {
    const config = read(`version: 1
issuers:
  - name: main
    directory: https://ca.example/
certificates:
  - name: a
    names: [a.example.com]
    key: &key { algorithm: rsa-3072 }
  - name: b
    names: [b.example.com]
    key: *key
`);
    assert.deepEqual(config.certificates[1]?.key, { algorithm: 'rsa-3072', provider: 'software', reuse: false });
  });

  it('a wrong value behind an alias is told at the value', () => {
    const text = `${GOOD}    key: &key { algorithm: rsa }\n  - name: b\n    names: [b.example.com]\n    key: *key\n`;
    assert.deepEqual(placesOf(problemsOf(text)), [
      '8:28 certificates[0].key.algorithm',
      '8:28 certificates[1].key.algorithm',
    ]);
  });

  it('an alias bomb is refused without being expanded', async () => {
    const levels = Array.from(
      { length: 30 },
      (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`,
    );
    const bomb = `l0: &l0 [x]\n${levels.join('\n')}\n`;
    const took = await cpuMs(() => {
      assert.match(problemsOf(bomb)[0]?.found ?? '', /aliases that repeat too much/);
    });
    assert.ok(took < 4000, `${took} ms`);
  });

  it('deep nesting is refused, however deep', () => {
    for (const text of [
      'a: '.concat('['.repeat(40), ']'.repeat(40)),
      '['.repeat(20_000),
      `${'['.repeat(5000)}${']'.repeat(5000)}`,
      '{a: '.repeat(5000),
      '- '.repeat(5000),
    ]) {
      assert.ok(problemsOf(text).length > 0, text.slice(0, 10));
    }
    assert.match(only(`x: ${'['.repeat(40)}${']'.repeat(40)}`).found, /nested too deeply/);
  });

  it('many keys are looked through in linear time', async () => {
    const keys = Array.from({ length: 50_000 }, (_, index) => `k${index}: 1`).join('\n');
    const took = await cpuMs(() => assert.equal(problemsOf(keys).length, 1000));
    assert.ok(took < 30_000, `${took} ms`);
  });
});
