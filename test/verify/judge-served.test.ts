import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as fc from 'fast-check';
import { judgeServed, type ServedVerdict } from '../../src/verify/judge-served.ts';
import {
  type CrossSigned,
  makeCertificate,
  makeCrossSigned,
  makeHierarchy,
  type MadeCertificate,
} from './certificates.ts';

let made: Awaited<ReturnType<typeof makeHierarchy>>;
let other: Awaited<ReturnType<typeof makeHierarchy>>;
let crossed: CrossSigned & { readonly leaf: MadeCertificate };
before(async () => {
  made = await makeHierarchy(['shop.test', '*.shop.test']);
  other = await makeHierarchy(['shop.test']);
  const pki = await makeCrossSigned();
  const leaf = await makeCertificate({ commonName: 'shop.test', names: ['shop.test'], issuer: pki.issuing });
  crossed = { ...pki, leaf };
});

const chain = (...certificates: readonly MadeCertificate[]): readonly Uint8Array[] =>
  certificates.map(({ der }) => der);

interface Case {
  readonly served: readonly Uint8Array[];
  readonly issued: readonly Uint8Array[];
  readonly host?: string;
  readonly visitors?: readonly MadeCertificate[];
  readonly machine?: readonly MadeCertificate[];
  readonly now?: number;
}

const judge = ({ served, issued, host = '', visitors = [], machine = [], now = Date.now() }: Case) =>
  judgeServed({ chain: served }, issued, host, async () => ({
    visitors: chain(...visitors),
    machine: chain(...machine),
    now,
  }));

const words = (verdict: ServedVerdict): readonly string[] =>
  'fault' in verdict ? [verdict.fault.code] : verdict.findings.map(({ kind, code }) => `${kind} ${code}`);

const verdict = async (one: Case): Promise<readonly string[]> => words(await judge(one));

const textOf = async (one: Case): Promise<string> => {
  const result = await judge(one);
  return 'fault' in result ? result.fault.message : result.findings.map(({ message }) => message).join('\n');
};

test('the chain that the CA sent is well, and nobody asks for roots', async () => {
  const { leaf, lower, upper, root } = made;
  const whole = chain(leaf, lower, upper);
  const unasked = async (served: readonly Uint8Array[], issued: readonly Uint8Array[], host = ''): Promise<void> => {
    const result = await judgeServed({ chain: served }, issued, host, () => Promise.reject(new Error('not needed')));
    assert.deepEqual(result, { findings: [] });
  };
  await unasked(whole, whole, 'shop.test');
  await unasked(whole, whole, 'a.shop.test');
  await unasked(whole, whole);
  await unasked(chain(leaf, lower, upper, root), whole);
  await unasked(whole, chain(leaf, lower, upper, root));
  await unasked(chain(leaf), chain(leaf));
  // Behind a whole chain a stranger does no harm.
  await unasked(chain(leaf, lower, upper, other.upper), whole);
});

test('another leaf is the wrong one, and the message names both', async () => {
  const issued = chain(made.leaf);
  assert.deepEqual(await verdict({ served: chain(other.leaf), issued, host: 'shop.test' }), ['VERIFY_WRONG_LEAF']);
  const text = await textOf({ served: chain(other.leaf), issued });
  assert.match(text, new RegExp(`${other.leaf.thumbprint}.*${made.leaf.thumbprint}`));
  assert.deepEqual(await verdict({ served: [], issued }), ['VERIFY_WRONG_LEAF']);
  assert.deepEqual(await verdict({ served: [Buffer.from('junk')], issued }), ['VERIFY_WRONG_LEAF']);
});

test('the host must be among the names', async () => {
  const served = chain(made.leaf, made.lower, made.upper);
  for (const host of ['other.test', 'a.b.shop.test']) {
    assert.deepEqual(await verdict({ served, issued: served, host }), ['VERIFY_NAME_MISMATCH']);
  }
});

test('another chain that leads to a root that visitors know is a note', async () => {
  const { leaf, issuing, cross, newRoot, oldRoot } = crossed;
  const issued = chain(leaf, issuing, cross);
  const served = chain(leaf, issuing);
  const note = ['note chain-other-path'];
  assert.deepEqual(await verdict({ served, issued, visitors: [oldRoot, newRoot] }), note);
  assert.match(await textOf({ served, issued, visitors: [oldRoot, newRoot] }), new RegExp(newRoot.thumbprint));
  // The other way round: the CA sent the short one.
  assert.deepEqual(await verdict({ served: issued, issued: served, visitors: [oldRoot] }), []);
  const { lower, upper, root } = made;
  const mixed = chain(made.leaf, upper, lower);
  assert.deepEqual(await verdict({ served: mixed, issued: chain(made.leaf, lower, upper), visitors: [root] }), note);
});

test('a root of this machine that the chain of the CA was accepted with is known to visitors', async () => {
  const { leaf, issuing, cross, newRoot, oldRoot } = crossed;
  const issued = chain(leaf, issuing);
  const served = chain(leaf, cross, issuing);
  assert.deepEqual(await verdict({ served, issued, machine: [newRoot] }), ['note chain-other-path']);
  assert.deepEqual(await verdict({ served, issued, visitors: [other.root], machine: [newRoot, oldRoot] }), [
    'note chain-other-path',
  ]);
});

test('a chain that clients have to complete is a finding that names what is missing', async () => {
  const { leaf, lower, upper, root } = made;
  const issued = chain(leaf, lower, upper);
  for (const [served, missing] of [
    [chain(leaf), [lower, upper]],
    [chain(leaf, lower), [upper]],
    [chain(leaf, upper), [lower]],
    [chain(leaf, root), [lower, upper]],
    [chain(leaf, other.lower, upper), [lower]],
    [
      [leaf.der, Buffer.from('junk')],
      [lower, upper],
    ],
  ] as const) {
    assert.deepEqual(await verdict({ served, issued, visitors: [root] }), ['finding chain-incomplete']);
    const text = await textOf({ served, issued, visitors: [root] });
    for (const one of [leaf, lower, upper, root]) {
      assert.equal(
        text.includes(one.thumbprint),
        missing.some((each) => each === one),
        text,
      );
    }
  }
});

test('a chain to a root that only this machine trusts is a finding', async () => {
  const { leaf, issuing, cross, newRoot, oldRoot } = crossed;
  const issued = chain(leaf, issuing, cross);
  const one = { served: chain(leaf, issuing), issued, visitors: [oldRoot], machine: [newRoot, oldRoot] };
  assert.deepEqual(await verdict(one), ['finding chain-local-root']);
  assert.match(await textOf(one), new RegExp(`${newRoot.thumbprint}.*LocalMachine\\\\Root`));
});

test('an intermediate that somebody put into Root makes no path: visitors miss it all the same', async () => {
  const { leaf, lower, upper, root } = made;
  const one = { served: chain(leaf), issued: chain(leaf, lower, upper), visitors: [root], machine: [lower, root] };
  assert.deepEqual(await verdict(one), ['finding chain-incomplete']);
});

test('a chain that leads nowhere, even when it is completed, is a fault', async () => {
  const { leaf, lower, upper } = made;
  const issued = chain(leaf, lower, upper);
  for (const served of [chain(leaf), chain(leaf, upper, lower), chain(leaf, other.lower, other.upper, other.root)]) {
    assert.deepEqual(await verdict({ served, issued }), ['VERIFY_UNTRUSTED_CHAIN']);
    const visitors = [other.root];
    assert.deepEqual(await verdict({ served, issued, visitors, machine: visitors }), ['VERIFY_UNTRUSTED_CHAIN']);
  }
});

test('certificates that have expired lead nowhere', async () => {
  const { leaf, issuing, cross, newRoot, oldRoot } = crossed;
  const { commonName, keys } = issuing;
  const expired = await makeCertificate({ commonName, keys, issuer: oldRoot, isCa: true, from: -20, until: -1 });
  const issued = chain(leaf, issuing, cross);
  const visitors = [oldRoot];
  assert.deepEqual(await verdict({ served: chain(leaf, expired), issued, visitors }), ['finding chain-incomplete']);
  assert.deepEqual(await verdict({ served: chain(leaf, expired, issuing), issued, visitors: [oldRoot, newRoot] }), [
    'note chain-other-path',
  ]);
  const later = Date.now() + 500 * 86_400_000;
  assert.deepEqual(await verdict({ served: chain(leaf), issued, visitors, now: later }), ['VERIFY_UNTRUSTED_CHAIN']);
});

test('of a long chain the first twenty certificates count', async () => {
  const { leaf, lower, upper, root } = made;
  const issued = chain(leaf, lower, upper);
  const padded = (count: number): readonly Uint8Array[] => [
    leaf.der,
    ...Array<Uint8Array>(count).fill(other.upper.der),
    lower.der,
    upper.der,
  ];
  assert.deepEqual(await verdict({ served: padded(17), issued, visitors: [root] }), ['note chain-other-path']);
  assert.deepEqual(await verdict({ served: padded(18), issued, visitors: [root] }), ['finding chain-incomplete']);
});

test('property: whatever is served above our leaf, junk included, the verdict is what a visitor would find', async () => {
  const { leaf, lower, upper, root } = made;
  const junk = await makeCertificate({ commonName: 'junk' });
  const pool = [
    ...chain(lower, upper, root, junk, other.leaf, other.lower),
    new Uint8Array([0x30, 3, 1, 2, 3]),
    new Uint8Array(),
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: pool.length - 1 }), { maxLength: 6 }),
      fc.boolean(),
      async (picks, known) => {
        const served = [leaf.der, ...picks.map((pick) => pool[pick] ?? new Uint8Array())];
        const visitors = known ? [root] : [];
        const found = await verdict({ served, issued: chain(leaf, lower, upper), host: 'shop.test', visitors });
        const whole = picks.includes(0) && picks.includes(1);
        const asSent = picks[0] === 0 && picks[1] === 1;
        const expected = asSent
          ? []
          : known
            ? [whole ? 'note chain-other-path' : 'finding chain-incomplete']
            : ['VERIFY_UNTRUSTED_CHAIN'];
        assert.deepEqual(found, expected);
      },
    ),
    { numRuns: 300 },
  );
});

test('property: certificates that were tampered with never make it throw, nor lead anywhere', async () => {
  const { leaf, lower, upper, root } = made;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(lower, upper),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
      async (target, flips) => {
        const spoiled = Uint8Array.from(target.der);
        for (const [at, bits] of flips) spoiled[at % spoiled.length] = (spoiled[at % spoiled.length] ?? 0) ^ bits;
        fc.pre(!Buffer.from(spoiled).equals(target.der));
        const served = [leaf, lower, upper].map((one) => (one === target ? spoiled : one.der));
        const found = await verdict({ served, issued: chain(leaf, lower, upper), visitors: [root] });
        assert.deepEqual(found, ['finding chain-incomplete']);
      },
    ),
    { numRuns: 300 },
  );
});
