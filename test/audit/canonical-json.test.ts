import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, wellFormed } from '../../src/audit/canonical-json.ts';
import type { Json } from '../../src/ports/deployment.ts';

const json = fc.jsonValue({ depthSize: 'medium' }) as fc.Arbitrary<Json>;

/** The same value with the members of every object in another order. */
function shuffled(value: Json): Json {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, shuffled(member)]),
  );
}

describe('canonical JSON', () => {
  it('says the same value, in one form', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value);
        // -0 has no form of its own (RFC 8785 section 3.2.2.3).
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
        assert.equal(canonicalJson(JSON.parse(text)), text);
        assert.equal(canonicalJson(shuffled(value)), text);
      }),
    );
  });

  it('follows the examples of RFC 8785', () => {
    // Section 3.2.2
    const literals = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\\"/',
      literals: [null, true, false],
    };
    assert.equal(
      canonicalJson(literals),
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
    // Section 3.2.3: keys by UTF-16 code units, so that the surrogate pair comes before U+FB33.
    const keys = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
    assert.deepEqual(
      [...canonicalJson(keys).matchAll(/:(\d)/g)].map(([, digit]) => digit),
      ['2', '4', '6', '7', '1', '5', '3'],
    );
    assert.equal(canonicalJson([-0, 1e21, 123456789012345680000, 5e-324]), '[0,1e+21,123456789012345680000,5e-324]');
  });

  it('refuses what has no form', () => {
    const deep = Array.from({ length: 40 }).reduce<Json>((inner) => [inner], 1);
    const bad: Json[] = [Number.NaN, Number.POSITIVE_INFINITY, '\ud800', { '\udfff': 1 }, deep];
    for (const value of bad) assert.throws(() => canonicalJson(value), { code: 'AUDIT_EVENT_INVALID' });
    assert.throws(() => wellFormed(deep), { code: 'AUDIT_EVENT_INVALID' });
  });

  it('takes a member that is undefined for absent', () => {
    assert.equal(canonicalJson({ a: 1, b: undefined } as unknown as Json), '{"a":1}');
  });

  it('has a form for any text once half surrogate pairs are replaced', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
        (text) => {
          const value = wellFormed({ [text]: [text] });
          assert.deepEqual(JSON.parse(canonicalJson(value)), { [text.toWellFormed()]: [text.toWellFormed()] });
        },
      ),
    );
  });
});
