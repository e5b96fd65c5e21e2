import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkLockfile, lockfileProblems } from '../../tools/lockfile.ts';

const integrity = `sha512-${'A'.repeat(86)}==`;
const good = { 'node_modules/a': { version: '1.0.0', integrity } };

describe('the lock file', () => {
  it('lets npm verify every package of every platform', async () => {
    await checkLockfile();
  });

  const wrong: Readonly<Record<string, readonly [Record<string, Record<string, unknown>>, RegExp]>> = {
    'no integrity': [{ 'node_modules/b': { version: '1.0.0', optional: true, os: ['win32'] } }, /b has no integrity/],
    'an integrity that is easy to forge': [{ 'node_modules/b': { integrity: 'sha1-AAAA' } }, /sha1-AAAA/],
    'several integrities, of which npm takes the strongest it knows': [
      { 'node_modules/b': { integrity: `${integrity} sha1-AAAA` } },
      /not one SHA-512/,
    ],
    'another host': [{ 'node_modules/b': { integrity, resolved: 'https://mirror.test/b.tgz' } }, /mirror\.test/],
    'a host that begins like the registry': [
      { 'node_modules/b': { integrity, resolved: 'https://registry.npmjs.org.test/b.tgz' } },
      /npmjs\.org\.test/,
    ],
    'no TLS': [{ 'node_modules/b': { integrity, resolved: 'http://registry.npmjs.org/b.tgz' } }, /http:/],
    'a folder': [{ 'node_modules/b': { integrity, link: true } }, /a link/],
    'a platform that is missing': [
      { 'node_modules/b': { integrity, optionalDependencies: { 'b-win32': '1.0.0' } } },
      /needs b-win32/,
    ],
  };
  for (const [what, [packages, problem]] of Object.entries(wrong)) {
    it(`is refused with ${what}`, () => {
      assert.deepEqual(lockfileProblems({ packages: { '': {}, ...good } }), []);
      const problems = lockfileProblems({ packages: { '': {}, ...good, ...packages } });
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? '', problem);
    });
  }
});
