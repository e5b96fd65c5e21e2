import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { patternMatches } from '../../src/config/challenge-for.ts';
import { problemsOf, read } from './read-text.ts';

const SKELETON = `version: 1
engine: { concurrency: 4 }
issuers:
  - name: main
    directory: https://ca.example/
    contacts: ["mailto:a@example.com"]
    externalAccountBinding: { keyId: k, hmacKey: secret:x }
defaults:
  key: { algorithm: ec-p256 }
certificates:
  - name: shop
    names: [shop.example.com, "*.example.com"]
    challenges:
      - { names: ["*.example.com"], type: dns-01, provider: exec, command: [./x] }
      - { names: ["*"], type: http-01 }
    deployments: [{ type: iis, sites: [Shop] }]
`;

/** Every result is either a configuration or problems with places within the file. */
function hasResult(octets: string | Uint8Array): void {
  const lines = Buffer.from(octets)
    .toString('latin1')
    .split(/\r\n|\r|\n/).length;
  for (const problem of problemsOf(octets)) {
    assert.ok(problem.line >= 1 && problem.line <= lines + 1, `${problem.line} of ${lines}`);
    assert.ok(problem.column >= 1);
    assert.ok(problem.found !== '' && problem.expected !== '');
  }
}

describe('whatever the file holds, there is a result', () => {
  it('for any octets', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), hasResult), { numRuns: 500 });
  });

  it('for any text', () => {
    const yamlish = fc.array(
      fc.oneof(
        fc.constantFrom(
          'version: 1',
          'issuers:',
          '- name: a',
          'names: [',
          ']',
          '{',
          '}',
          '&a',
          '*a',
          '!!str',
          '|',
          '>',
          '"',
          "'",
          '\t',
          '\n',
          '---',
          '? ',
          ': ',
          '# ',
          '<<: *a',
          '%YAML 1.1',
          '\r',
          '\u0000',
          '\ud800',
          '@',
          '`',
        ),
        fc.string({ unit: 'binary', maxLength: 8 }),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(yamlish, fc.constantFrom('', ' ', '\n', '\n  '), (parts, glue) => hasResult(parts.join(glue))),
      {
        numRuns: 2000,
      },
    );
  });

  it('for any JSON', () => {
    fc.assert(fc.property(fc.json({ maxDepth: 6 }), hasResult), { numRuns: 1000 });
  });

  it('for any JSON in the place of any part', () => {
    const keys = ['version', 'engine', 'issuers', 'defaults', 'certificates'];
    const parsed = { version: 1, issuers: [{ name: 'main', directory: 'https://ca.example/' }] };
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 4 }), fc.boolean(), (key, value, listed) => {
        hasResult(JSON.stringify({ ...parsed, [key]: listed ? [value] : value }));
      }),
      { numRuns: 2000 },
    );
  });

  it('for a good file with a piece cut out, doubled or replaced', () => {
    fc.assert(
      fc.property(
        fc.nat(SKELETON.length),
        fc.nat(30),
        fc.string({ unit: 'binary', maxLength: 10 }),
        (at, length, piece) => {
          hasResult(SKELETON.slice(0, at) + piece + SKELETON.slice(at + length));
          hasResult(SKELETON.slice(0, at) + SKELETON.slice(at, at + length).repeat(2) + SKELETON.slice(at + length));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('reading is a function of the octets', () => {
    assert.deepEqual(read(SKELETON), read(SKELETON));
  });
});

describe('patterns', () => {
  const label = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
  const host = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'));

  it('*.domain fits what is below it and nothing else', () => {
    fc.assert(
      fc.property(host, host, (domain, other) => {
        const pattern = `*.${domain}`;
        assert.ok(patternMatches(pattern, { type: 'dns', value: `${other}.${domain}` }));
        assert.ok(patternMatches(pattern, { type: 'dns', value: pattern }));
        assert.ok(!patternMatches(pattern, { type: 'dns', value: domain }));
        assert.ok(!patternMatches(pattern, { type: 'dns', value: `x${domain}` }));
        assert.ok(patternMatches('*', { type: 'ip', value: '192.0.2.1' }));
      }),
    );
  });
});
