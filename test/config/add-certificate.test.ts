import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { addCertificate, type NewCertificate } from '../../src/config/add-certificate.ts';
import { errorCode } from '../../src/errors/error.ts';
import { problemsOf, read } from './read-text.ts';

const ENTRY: NewCertificate = {
  name: 'added',
  names: ['added.example.com', 'größe.example'],
  issuers: ['letsencrypt'],
  key: { algorithm: 'rsa-2048' },
  challenge: { type: 'http-01', mode: 'webroot' },
  deployments: [{ type: 'iis', sites: ['Größe: "groß" #1', 'id:3'], adopt: true }],
};
const ISSUER = 'issuers:\n- {name: letsencrypt, directory: "https://ca.example/"}\n';

function add(text: string): string {
  const changed = addCertificate(text, ENTRY, null);
  const certificates = read(changed).certificates;
  assert.deepEqual(certificates.slice(0, -1), read(text).certificates);
  const last = certificates.at(-1);
  assert.deepEqual(
    last?.identifiers.map(({ value }) => value),
    ['added.example.com', 'xn--gre-6ka8i.example'],
  );
  assert.partialDeepStrictEqual(last?.deployments[0], { sites: ['Größe: "groß" #1', 'id:3'] });
  assert.equal(last?.key.algorithm, 'rsa-2048');
  return changed;
}

describe('a certificate is added', () => {
  const examples = new URL('../../examples/', import.meta.url);
  for (const name of readdirSync(examples).filter((file) => file.endsWith('.yaml'))) {
    it(`to examples/${name}, where nothing else changes`, () => {
      const text = readFileSync(new URL(name, examples), 'utf8');
      assert.equal(add(text).slice(0, text.length), text);
    });
  }

  it('to a list in the middle of the file, with comments around it', () => {
    const head =
      'version: 1\ncertificates: # all\n    # first\n    - name: a # c\n      names: [a.example.com]   # last line\n';
    const tail = `\n# about issuers\n${ISSUER}`;
    const changed = add(head + tail);
    assert.ok(changed.startsWith(head) && changed.endsWith(tail));
    assert.match(changed, /\n    - name: added\n      names: \[added.example.com, größe.example\]\n/);
  });

  it('to a file without a list, with an empty one, with one in brackets, in JSON', () => {
    assert.equal(add(`version: 1\n${ISSUER}`).slice(0, 20), `version: 1\n${ISSUER}`.slice(0, 20));
    add(`version: 1\n${ISSUER}`.trimEnd());
    add(`version: 1\n${ISSUER}certificates: []\n# end\n`);
    add(`version: 1\n${ISSUER}certificates: [{ name: a, names: [a.example.com] }]\n`);
    add('{"version":1,"issuers":[{"name":"letsencrypt","directory":"https://ca.example/"}],"certificates":[]}');
    add('{"version":1,"issuers":[{"name":"letsencrypt","directory":"https://ca.example/"}]}');
  });

  it('keeps the line ends of Windows', () => {
    const changed = add(
      `version: 1\n${ISSUER}certificates:\n- name: a\n  names: [a.example.com]`.replaceAll('\n', '\r\n'),
    );
    assert.doesNotMatch(changed, /[^\r]\n/);
  });

  it('keeps everything else, whatever the layout', () => {
    const gap = fc.constantFrom('', '\n', '# remark\n', '\n\n# - name: x\n');
    fc.assert(
      fc.property(fc.nat(6), fc.boolean(), gap, gap, fc.boolean(), (indent, noted, before, after, last) => {
        const pad = ' '.repeat(indent);
        const list = `certificates:\n${before}${pad}- name: a\n${pad}  names: [a.example.com]${noted ? ' # note' : ''}\n${after}`;
        const text = last ? `version: 1\n${ISSUER}${list}` : `version: 1\n${list}${ISSUER}`;
        const changed = add(text);
        const kept = changed.split('\n').filter((line) => text.split('\n').includes(line));
        assert.deepEqual(kept, text.split('\n'));
      }),
      { numRuns: 300 },
    );
  });

  it('to a new file, with its issuer', () => {
    const issuer = { name: 'letsencrypt', directory: 'https://ca.example/', termsOfServiceAgreed: true };
    const text = addCertificate(null, ENTRY, { ...issuer, contacts: ['mailto:admin@example.com'] });
    const config = read(text);
    assert.deepEqual(config.issuers[0]?.contacts, ['mailto:admin@example.com']);
    assert.equal(config.certificates[0]?.name, 'added');
    assert.ok(text.startsWith('version: 1\nissuers:\n  - name: letsencrypt\n'));
    assert.equal(addCertificate(text, { ...ENTRY, name: 'second' }, null).slice(0, text.length), text);
  });

  it('a wrong file stays wrong, and is told so', () => {
    for (const text of ['', '- a\n', 'hello\n', `version: 1\n${ISSUER}certificates: 5\n`, 'certificates: { a: 1 }\n']) {
      assert.throws(
        () => addCertificate(text, ENTRY, null),
        (error) => errorCode(error) === 'CONFIG_INVALID',
        text,
      );
    }
    const broken = `version: 1\n${ISSUER}certificates:\n- name: "a\n  names: [a.example.com]\n`;
    assert.notDeepEqual(problemsOf(addCertificate(broken, ENTRY, null)), []);
    const taken = `version: 1\n${ISSUER}certificates:\n- name: added\n  names: [a.example.com]\n`;
    assert.match(problemsOf(addCertificate(taken, ENTRY, null))[0]?.found ?? '', /the name of certificates\[0\]/);
  });
});
