import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { linkTargets, parseLinks } from '../../../src/acme/messages/link-header.ts';
import { cpuMs } from '../../cpu-time.ts';

const base = 'https://ca.test/cert/1';

test('several fields and several links in one field', () => {
  const fields = [
    '<https://ca.test/dir>;rel="index"',
    '<https://ca.test/cert/1/1>;rel="alternate", <https://ca.test/cert/1/2> ; rel=alternate;title="a, \\"b\\" <c>"',
  ];
  assert.deepEqual(linkTargets(fields, 'alternate', base), ['https://ca.test/cert/1/1', 'https://ca.test/cert/1/2']);
  assert.deepEqual(linkTargets(fields, 'index', base), ['https://ca.test/dir']);
  assert.deepEqual(linkTargets(undefined, 'index', base), []);
});

test('relative targets, lists of relation types, only the first rel', () => {
  assert.deepEqual(linkTargets(['</cert/1/1>;REL="up Alternate";rel="next"'], 'alternate', base), [
    'https://ca.test/cert/1/1',
  ]);
  assert.deepEqual(linkTargets(['</cert/1/1>;rel=up;rel="next"'], 'next', base), []);
});

test('what does not parse is no link', () => {
  for (const field of ['', 'https://ca.test/', '<https://ca.test/', '<a b>;rel=next', '<>;rel=next', ';rel=next']) {
    assert.deepEqual(parseLinks([field]), [], field);
  }
});

test('at most 64 links are read', () => {
  assert.equal(parseLinks([Array(1000).fill('<a>;rel=next').join(',')]).length, 64);
});

test('property: no text makes it throw, and a link that is written is read', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary-ascii' })),
      fc.webUrl(),
      fc.stringMatching(/^[a-z]{1,8}$/),
      (noise, url, rel) => {
        parseLinks(noise);
        assert.deepEqual(parseLinks([`<${url}>; rel="${rel}"`]), [{ target: url, relations: [rel] }]);
      },
    ),
  );
});

test('a long field takes linear time', async () => {
  const fields = [
    `<a>${';x="\\\\'.repeat(20_000)}`,
    `<a>${' '.repeat(100_000)}`,
    ' ,'.repeat(50_000),
    `<a>;rel=${'"\\'.repeat(50_000)}`,
  ];
  assert.ok((await cpuMs(() => parseLinks(fields))) < 2000);
});
