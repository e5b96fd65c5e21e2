import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as fc from 'fast-check';
import { compareServed } from '../../src/verify/compare.ts';
import { makeCertificate, makeHierarchy, type MadeCertificate } from './certificates.ts';

let made: Awaited<ReturnType<typeof makeHierarchy>>;
let other: Awaited<ReturnType<typeof makeHierarchy>>;
before(async () => {
  made = await makeHierarchy(['shop.test', '*.shop.test']);
  other = await makeHierarchy(['shop.test']);
});

const chain = (...certificates: readonly MadeCertificate[]): readonly Uint8Array[] =>
  certificates.map(({ der }) => der);
const code = (served: readonly Uint8Array[], expected: readonly Uint8Array[], host = ''): string | null =>
  compareServed({ chain: served }, expected, host)?.code ?? null;

test('what was bound is served: all well', () => {
  const { leaf, lower, upper, root } = made;
  const expected = chain(leaf, lower, upper);
  assert.equal(code(expected, expected, 'shop.test'), null);
  assert.equal(code(expected, expected, 'a.shop.test'), null);
  assert.equal(code(expected, expected), null);
  assert.equal(code(chain(leaf, lower, upper, root), expected), null, 'a root too many');
  assert.equal(code(expected, chain(leaf, lower, upper, root)), null, 'a root expected but not served');
  assert.equal(code(chain(leaf), chain(leaf)), null);
});

test('another leaf is the wrong one, and the message names both', () => {
  const finding = compareServed({ chain: chain(other.leaf) }, chain(made.leaf), 'shop.test');
  assert.equal(finding?.code, 'VERIFY_WRONG_LEAF');
  assert.match(finding?.message ?? '', new RegExp(`${other.leaf.thumbprint}.*${made.leaf.thumbprint}`));
  assert.equal(code([], chain(made.leaf)), 'VERIFY_WRONG_LEAF');
  assert.equal(code([Buffer.from('junk')], chain(made.leaf)), 'VERIFY_WRONG_LEAF');
});

test('the host must be among the names', () => {
  const expected = chain(made.leaf, made.lower, made.upper);
  assert.equal(code(expected, expected, 'other.test'), 'VERIFY_NAME_MISMATCH');
  assert.equal(code(expected, expected, 'a.b.shop.test'), 'VERIFY_NAME_MISMATCH');
});

test('every intermediate certificate must be there, in order', () => {
  const { leaf, lower, upper, root } = made;
  const expected = chain(leaf, lower, upper);
  assert.equal(code(chain(leaf), expected), 'VERIFY_CHAIN_INCOMPLETE');
  assert.equal(code(chain(leaf, lower), expected), 'VERIFY_CHAIN_INCOMPLETE');
  assert.equal(code(chain(leaf, upper), expected), 'VERIFY_CHAIN_INCOMPLETE');
  assert.equal(code(chain(leaf, root), expected), 'VERIFY_CHAIN_INCOMPLETE');
  assert.equal(code(chain(leaf, upper, lower), expected), 'VERIFY_WRONG_CHAIN');
  assert.equal(code(chain(leaf, other.lower, other.upper), expected), 'VERIFY_WRONG_CHAIN');
  assert.equal(code(chain(leaf, other.lower, lower, upper), expected), 'VERIFY_WRONG_CHAIN');
});

test('a stranger behind a whole chain does no harm', () => {
  const { leaf, lower, upper } = made;
  assert.equal(code(chain(leaf, lower, upper, other.upper), chain(leaf, lower, upper)), null);
});

test('property: whatever is served, junk included, the verdict is a code or null, and null only with all that is needed', async () => {
  const { leaf, lower, upper, root } = made;
  const junk = await makeCertificate({ commonName: 'junk' });
  const pool = [...chain(leaf, lower, upper, root, junk, other.leaf, other.lower), new Uint8Array([0x30, 3, 1, 2, 3])];
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: pool.length - 1 }), { maxLength: 6 }), (picks) => {
      const served = picks.map((pick) => pool[pick] ?? new Uint8Array());
      const verdict = code(served, chain(leaf, lower, upper), 'shop.test');
      assert.equal(verdict === null, picks.slice(0, 3).join() === '0,1,2');
    }),
    { numRuns: 500 },
  );
});
