import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { addCertificate, type CertificateEntry } from '../../src/config/edit.ts';
import { ConfigError } from '../../src/config/problem.ts';
import { FILE, read } from './read-text.ts';

const ENTRY: CertificateEntry = {
  name: 'added',
  names: ['added.example.com', '*.added.example.com'],
  issuers: ['letsencrypt'],
  key: { algorithm: 'rsa-2048' },
  challenge: { type: 'dns-01', provider: 'exec', command: ['./dns', '#1', 'a: b'] },
  deployments: [{ type: 'iis', sites: ['Größe: "groß"', 'id:3'] }],
  keepOld: 2,
};
const ISSUER = 'issuers:\n- {name: letsencrypt, directory: "https://ca.example/"}\n';

function add(text: string): string {
  const { text: changed, config } = addCertificate(Buffer.from(text), FILE, ENTRY);
  const before = read(text).certificates;
  assert.deepEqual(config.certificates.slice(0, -1), before);
  const last = config.certificates.at(-1);
  assert.deepEqual(
    last?.identifiers.map(({ value }) => value),
    ENTRY.names,
  );
  assert.deepEqual(last?.deployments[0]?.sites, ['Größe: "groß"', 'id:3']);
  assert.deepEqual(read(changed).certificates, config.certificates);
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
    assert.match(changed, /\n    - name: added\n      names: \[added.example.com, '\*.added.example.com'\]\n/);
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

  it('not to a wrong file, and not when it would make the file wrong', () => {
    assert.throws(() => addCertificate(Buffer.from('version: 2\n'), FILE, ENTRY), ConfigError);
    const text = `version: 1\n${ISSUER}certificates:\n- name: added\n  names: [a.example.com]\n`;
    assert.throws(() => addCertificate(Buffer.from(text), FILE, ENTRY), ConfigError);
  });
});
