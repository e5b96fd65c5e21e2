import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nameConstraintProblem } from '../../../src/pki/path/name-constraints.ts';
import { sequence } from '../../../src/pki/asn1/der-writer.ts';
import { makeIntermediate, makeLeaf, makeRoot, without } from '../support/make-chain.ts';
import {
  attribute,
  directory,
  dns,
  email,
  ip,
  name,
  nameConstraints,
  otherName,
  san,
  uri,
} from '../support/make-certificate.ts';

const root = makeRoot();

function problem(
  names: readonly Uint8Array[],
  permitted: readonly Uint8Array[],
  excluded: readonly Uint8Array[] = [],
  { subject = name('') }: { subject?: Uint8Array } = {},
): string | null {
  const extensions = [nameConstraints(permitted, excluded)];
  const constraints = makeIntermediate(root, 'CA', { extensions }).certificate.nameConstraints;
  assert(constraints);
  const leaf = makeLeaf(root, { subject, extensions: [names.length === 0 ? without('2.5.29.17') : san(...names)] });
  return nameConstraintProblem(leaf, constraints, { left: 1000 });
}

type Row = readonly [Uint8Array, Uint8Array, boolean, string];

// A name, a subtree, and whether the name lies in it (RFC 5280 section 4.2.1.10).
const rows: readonly Row[] = [
  [dns('example.com'), dns('example.com'), true, 'the domain itself'],
  [dns('WWW.Example.com'), dns('eXample.COM'), true, 'a host below it, in any case'],
  [dns('notexample.com'), dns('example.com'), false, 'a domain that only ends alike'],
  [dns('com'), dns('example.com'), false, 'the domain above'],
  [dns('example.com'), dns(''), true, 'the empty constraint: everything'],
  [dns('*.example.com'), dns('example.com'), true, 'a wildcard inside'],
  [ip('192.0.2.7'), ip('192.0.2.0/255.255.255.0'), true, 'an address in the network'],
  [ip('192.0.3.7'), ip('192.0.2.0/255.255.255.0'), false, 'an address outside'],
  [ip('192.0.2.7'), ip('0.0.0.0/0.0.0.0'), true, 'an address in all networks'],
  [ip('2001:db8::1'), ip('2001:db8::/ffff:ffff::'), true, 'an IPv6 address in the network'],
  [ip('2001:db9::1'), ip('2001:db8::/ffff:ffff::'), false, 'an IPv6 address outside'],
  [ip('::ffff:192.0.2.7'), ip('192.0.2.0/255.255.255.0'), false, 'the other family'],
  [email('a@example.com'), email('a@example.com'), true, 'the mailbox'],
  [email('a@EXAMPLE.com'), email('a@example.com'), true, 'the mailbox, host in any case'],
  [email('A@example.com'), email('a@example.com'), false, 'another local part: its case counts'],
  [email('a@example.com'), email('example.com'), true, 'a mailbox of the host'],
  [email('a@www.example.com'), email('example.com'), false, 'a mailbox of a host below'],
  [email('a@www.example.com'), email('.example.com'), true, 'a mailbox below the domain'],
  [email('a@example.com'), email('.example.com'), false, 'a mailbox of the domain itself'],
  [email('"a@b"@example.com'), email('example.com'), true, 'a quoted local part'],
  [uri('https://user@example.com:8443/x'), uri('example.com'), true, 'the host of a URI'],
  [uri('https://www.example.com/x'), uri('example.com'), false, 'a host below in a URI'],
  [uri('https://www.example.com/x'), uri('.example.com'), true, 'a host below the domain in a URI'],
  [directory(name('foo')), directory(name('foo')), true, 'the same directory name'],
  [
    directory(sequence(attribute('2.5.4.6', 'DE'), attribute('2.5.4.3', 'x'))),
    directory(sequence(attribute('2.5.4.6', 'DE'))),
    true,
    'a directory name below',
  ],
  [
    directory(sequence(attribute('2.5.4.6', 'DE', 0x13))),
    directory(sequence(attribute('2.5.4.6', ' de '))),
    true,
    'another spelling',
  ],
  [directory(name('foo')), directory(name('bar')), false, 'another directory name'],
  [
    directory(sequence(attribute('2.5.4.6', 'DE'))),
    directory(sequence(attribute('2.5.4.6', 'DE'), attribute('2.5.4.3', 'x'))),
    false,
    'a directory name above',
  ],
];

for (const [entry, subtree, inside, what] of rows) {
  test(`${what} is ${inside ? 'inside' : 'outside'}`, () => {
    assert.equal(problem([entry], [subtree]) === null, inside, 'permitted');
    assert.equal(problem([entry], [], [subtree]) === null, !inside, 'excluded');
  });
}

test('names of forms without a constraint are free', () => {
  assert.equal(problem([dns('a.example')], [ip('10.0.0.0/255.0.0.0')]), null);
  assert.equal(problem([ip('192.0.2.1')], [dns('example')]), null);
  assert.equal(problem([dns('a.example')], [otherName()]), null);
});

test('what cannot be compared is refused on either side', () => {
  for (const entry of [otherName(), uri('https://192.0.2.1/'), uri('mailto:a@example.com'), email('no mailbox')]) {
    const form =
      entry === otherName()
        ? otherName()
        : entry[0] === 0x86
          ? uri('example.com')
          : entry[0] === 0x81
            ? email('example.com')
            : otherName();
    assert.notEqual(problem([entry], [form]), null);
    assert.notEqual(problem([entry], [], [form]), null);
  }
});

test('malformed constraints are refused, whatever the name', () => {
  for (const [entry, subtree] of [
    [dns('a.example.com'), dns('*.example.com')],
    [dns('a.example.com'), dns('..example.com')],
    [dns('a.example.com'), dns('.')],
    [dns('a.example.com'), dns('exa mple.com')],
    [ip('192.0.2.1'), ip('192.0.2.0')],
    [ip('192.0.2.1'), ip('192.0.2.0/255.0.255.0')],
    [email('a@example.com'), email('*.example.com')],
  ] as const) {
    assert.notEqual(problem([entry], [], [subtree]), null);
    assert.notEqual(problem([entry], [subtree]), null);
  }
});

test('a leading period is what private CAs write: hosts below only', () => {
  assert.equal(problem([dns('a.example.com')], [dns('.example.com')]), null);
  assert.notEqual(problem([dns('example.com')], [dns('.example.com')]), null);
  assert.notEqual(problem([dns('a.example.com')], [], [dns('.example.com')]), null);
});

test('a wildcard that stands for an excluded host', () => {
  assert.notEqual(problem([dns('*.example.com')], [], [dns('bad.example.com')]), null);
  assert.equal(problem([dns('*.example.com')], [], [dns('very.bad.example.com')]), null);
  assert.notEqual(problem([dns('*.example.com')], [dns('good.example.com')]), null);
});

test('the subject counts as a directory name, and its addresses when there are no others', () => {
  const subject = sequence(attribute('2.5.4.3', 'foo'), attribute('1.2.840.113549.1.9.1', 'a@example.com', 0x16));
  assert.notEqual(problem([dns('x.example')], [directory(name('bar'))], [], { subject }), null);
  assert.equal(problem([dns('x.example')], [directory(name('foo'))], [], { subject }), null);
  assert.notEqual(problem([dns('x.example')], [], [email('example.com')], { subject }), null);
  assert.equal(problem([email('b@other.example')], [], [email('example.com')], { subject }), null);
});

test('excluded wins over permitted, and the whole list of permitted subtrees counts', () => {
  assert.notEqual(problem([dns('a.b.example')], [dns('example')], [dns('b.example')]), null);
  assert.equal(problem([dns('a.b.example')], [dns('other'), dns('example')], [dns('c.example')]), null);
});

test('excluding and permitting a domain never agree on a host name', () => {
  const label = fc.stringMatching(/^[a-z]{1,3}$/);
  const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  fc.assert(
    fc.property(host, host, (entry, subtree) => {
      const permitted = problem([dns(entry)], [dns(subtree)]) === null;
      const excluded = problem([dns(entry)], [], [dns(subtree)]) !== null;
      assert.equal(permitted, excluded);
      assert.equal(permitted, `.${entry}`.endsWith(`.${subtree}`));
    }),
    { numRuns: 200 },
  );
});
