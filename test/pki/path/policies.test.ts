import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Certificate } from '../../../src/pki/x509/certificate.ts';
import { oid, sequence, unsignedInteger } from '../../../src/pki/asn1/der-writer.ts';
import { policyProblem } from '../../../src/pki/path/policies.ts';
import { makeIntermediate, makeLeaf, makeRoot, type TestAuthority } from '../support/make-chain.ts';
import type { TestExtension } from '../support/make-certificate.ts';

const ANY = '2.5.29.32.0';
const root = makeRoot();

function policies(...ids: string[]): TestExtension {
  return { oid: '2.5.29.32', value: sequence(...ids.map((id) => sequence(oid(id)))) };
}

function constraints(requireExplicit: number | null, inhibitMapping: number | null = null): TestExtension {
  const field = (tag: number, count: number | null): Uint8Array[] =>
    count === null ? [] : [Uint8Array.of(tag, 1, count)];
  return {
    oid: '2.5.29.36',
    critical: true,
    value: sequence(
      Uint8Array.from([...field(0x80, requireExplicit), ...field(0x81, inhibitMapping)].flatMap((part) => [...part])),
    ),
  };
}

function inhibitAny(count: number): TestExtension {
  return { oid: '2.5.29.54', critical: true, value: unsignedInteger(Uint8Array.of(count)) };
}

function mappings(...pairs: readonly (readonly [string, string])[]): TestExtension {
  return {
    oid: '2.5.29.33',
    critical: true,
    value: sequence(...pairs.map(([from, to]) => sequence(oid(from), oid(to)))),
  };
}

/**
 * Valid or not: a root, CA certificates with these extensions, a leaf with these. A name in front makes a CA of that
 * name.
 */
function valid(...levels: readonly (readonly (TestExtension | string)[])[]): boolean {
  let issuer: TestAuthority = root;
  const path: Certificate[] = [root.certificate];
  for (const [index, level] of levels.entries()) {
    const extensions = level.filter((entry) => typeof entry !== 'string');
    if (index === levels.length - 1) {
      path.push(makeLeaf(issuer, { extensions }));
      break;
    }
    const label = level.find((entry) => typeof entry === 'string') ?? `CA ${index}`;
    issuer = makeIntermediate(issuer, label, { extensions });
    path.push(issuer.certificate);
  }
  return policyProblem(path) === null;
}

test('nobody asks for a policy', () => {
  assert(valid([], []));
  assert(valid([policies('1.2.3')], [policies('1.2.4')]));
});

test('an explicit policy is asked for', () => {
  assert(valid([constraints(0), policies('1.2.3')], [policies('1.2.3')]));
  assert(!valid([constraints(0), policies('1.2.3')], []));
  assert(!valid([constraints(0)], [policies('1.2.3')]));
  assert(!valid([constraints(0), policies('1.2.3')], [policies('1.2.4')]));
  assert(valid([constraints(0), policies(ANY)], [policies('1.2.4')]));
  assert(valid([constraints(0), policies('1.2.3')], [policies(ANY)]));
});

test('it is asked for further down', () => {
  assert(valid([constraints(2)], []));
  assert(!valid([constraints(1)], []));
  assert(!valid([constraints(1), policies('1.2.3')], [policies('1.2.3')], []));
  assert(valid([constraints(1), policies('1.2.3')], [policies('1.2.3')], [policies('1.2.3')]));
  assert(!valid([], [constraints(0)]));
  assert(!valid([policies('1.2.3')], [policies('1.2.4'), constraints(0)]));
});

test('any policy no longer counts', () => {
  assert(!valid([constraints(0), inhibitAny(0), policies('1.2.3')], [policies(ANY)]));
  assert(valid([constraints(0), inhibitAny(1), policies('1.2.3')], [policies(ANY)], [policies('1.2.3')]));
  assert(!valid([constraints(0), inhibitAny(1), policies('1.2.3')], [policies('1.2.3')], [policies(ANY)]));
  // Certificates of the same CA for itself may still use it, in the middle of a path.
  assert(
    valid([constraints(0), inhibitAny(0), policies('1.2.3'), 'Same'], [policies(ANY), 'Same'], [policies('1.2.3')]),
  );
});

test('policies are mapped', () => {
  assert(valid([constraints(0), policies('1.2.3'), mappings(['1.2.3', '1.2.9'])], [policies('1.2.9')]));
  assert(!valid([constraints(0), policies('1.2.3'), mappings(['1.2.3', '1.2.9'])], [policies('1.2.3')]));
  assert(valid([constraints(0), policies(ANY), mappings(['1.2.3', '1.2.9'])], [policies('1.2.9')]));
  assert(!valid([policies('1.2.3'), mappings([ANY, '1.2.9'])], []));
  assert(!valid([policies('1.2.3'), mappings(['1.2.3', ANY])], []));
});

test('mapping is forbidden', () => {
  assert(
    !valid(
      [constraints(0, 0), policies('1.2.3')],
      [policies('1.2.3'), mappings(['1.2.3', '1.2.9'])],
      [policies('1.2.9')],
    ),
  );
  assert(
    valid(
      [constraints(0, 1), policies('1.2.3')],
      [policies('1.2.3'), mappings(['1.2.3', '1.2.9'])],
      [policies('1.2.9')],
    ),
  );
});

test('malformed extensions', () => {
  assert(!valid([policies('1.2.3', '1.2.3')], []));
  assert(!valid([constraints(null)], []));
  assert(!valid([{ ...policies('1.2.3'), value: sequence() }], []));
});
