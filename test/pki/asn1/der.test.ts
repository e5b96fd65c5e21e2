import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EverbindError } from '../../../src/errors/error.ts';
import { children, contentOf, type DerElement, encodingOf, readDer } from '../../../src/pki/asn1/der.ts';
import { readTime } from '../../../src/pki/asn1/der-time.ts';
import {
  readBoolean,
  readInteger,
  readNamedBits,
  readOctetAlignedBits,
  readOid,
  readSmallInteger,
} from '../../../src/pki/asn1/der-values.ts';
import { boolean, der, octetString, oid, sequence, unsignedInteger } from '../../../src/pki/asn1/der-writer.ts';

const read = (...octets: number[]): DerElement => readDer(Uint8Array.from(octets), 1000);

function refuses(work: () => unknown): void {
  assert.throws(work, (error) => error instanceof EverbindError && error.code === 'PKI_DER_INVALID');
}

const broken: Readonly<Record<string, readonly number[]>> = {
  nothing: [],
  'half a header': [0x30],
  'content cut short': [0x04, 0x02, 0x01],
  'something behind': [0x05, 0x00, 0x00],
  'an indefinite length': [0x30, 0x80, 0x00, 0x00],
  'a long form for a short length': [0x04, 0x81, 0x01, 0x00],
  'a leading zero in a length': [0x04, 0x82, 0x00, 0x80, ...Array<number>(128).fill(0)],
  'a length of five octets': [0x04, 0x85, 0, 0, 0, 0, 1, 0],
  'a length beyond the end': [0x04, 0x84, 0xff, 0xff, 0xff, 0xff],
  'a high tag number': [0x1f, 0x81, 0x00, 0x00],
};

for (const [what, octets] of Object.entries(broken)) {
  test(`not DER: ${what}`, () => refuses(() => read(...octets)));
}

const brokenValues: Readonly<Record<string, () => unknown>> = {
  'a boolean of 01': () => readBoolean(read(0x01, 0x01, 0x01)),
  'a boolean of two octets': () => readBoolean(read(0x01, 0x02, 0xff, 0xff)),
  'an empty integer': () => readInteger(read(0x02, 0x00)),
  'an integer with a leading zero': () => readInteger(read(0x02, 0x02, 0x00, 0x7f)),
  'an integer with a leading ff': () => readInteger(read(0x02, 0x02, 0xff, 0x80)),
  'a negative count': () => readSmallInteger(read(0x02, 0x01, 0x80)),
  'a count of five octets': () => readSmallInteger(read(0x02, 0x05, 1, 0, 0, 0, 0)),
  'an empty object identifier': () => readOid(read(0x06, 0x00)),
  'an object identifier with padding': () => readOid(read(0x06, 0x03, 0x2a, 0x80, 0x01)),
  'an object identifier cut short': () => readOid(read(0x06, 0x02, 0x2a, 0x81)),
  'an object identifier with a huge arc': () =>
    readOid(read(0x06, 0x09, 0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)),
  'a bit string without its first octet': () => readOctetAlignedBits(read(0x03, 0x00)),
  'a bit string of odd bits': () => readOctetAlignedBits(read(0x03, 0x02, 0x01, 0x02)),
  'padding bits that are set': () => readNamedBits(read(0x03, 0x02, 0x01, 0x03)),
  'eight unused bits': () => readNamedBits(read(0x03, 0x02, 0x08, 0x00)),
};

for (const [what, work] of Object.entries(brokenValues)) {
  test(`not a DER value: ${what}`, () => refuses(work));
}

test('nesting is bounded', () => {
  const nested = (depth: number): Uint8Array => (depth === 0 ? der(0x05) : sequence(nested(depth - 1)));
  assert.equal(walk(readDer(nested(20), 1000)), 21);
  refuses(() => walk(readDer(nested(30), 1000)));
});

test('size is bounded', () => refuses(() => readDer(octetString(new Uint8Array(2000)), 1000)));

test('arbitrary octets are read or refused with a code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      try {
        walk(readDer(octets, 1000));
      } catch (error) {
        assert(error instanceof EverbindError && error.code === 'PKI_DER_INVALID', String(error));
      }
    }),
    { numRuns: 5000 },
  );
});

test('what is written is read back', () => {
  const leaf = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((octets) => octetString(octets)),
    fc.uint8Array({ maxLength: 40 }).map((octets) => unsignedInteger(octets)),
    fc.boolean().map((value) => boolean(value)),
  );
  fc.assert(
    fc.property(fc.array(leaf, { maxLength: 20 }), (elements) => {
      const found = children(readDer(sequence(...elements), 100_000)).map((element) =>
        Uint8Array.from(encodingOf(element)),
      );
      assert.deepEqual(
        found,
        elements.map((element) => Uint8Array.from(element)),
      );
    }),
  );
});

test('object identifiers survive the way there and back', () => {
  const arcs = fc.tuple(
    fc.integer({ min: 0, max: 2 }),
    fc.integer({ min: 0, max: 39 }),
    fc.array(fc.nat(), { maxLength: 8 }),
  );
  fc.assert(
    fc.property(arcs, ([first, second, rest]) => {
      const text = [first, second, ...rest].join('.');
      assert.equal(readOid(readDer(oid(text), 100)), text);
    }),
  );
});

test('unsigned numbers survive the way there and back', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n }), (value) => {
      const hex = value.toString(16);
      const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
      const back = Buffer.from(readInteger(readDer(unsignedInteger(octets), 100))).toString('hex');
      assert.equal(BigInt(`0x${back}`), value);
    }),
  );
});

const time = (text: string): { ms: number; canonical: boolean } =>
  readTime(readDer(der(text.length === 13 ? 0x17 : 0x18, Buffer.from(text, 'latin1')), 100));

test('times', () => {
  assert.deepEqual(time('491231235959Z'), { ms: Date.UTC(2049, 11, 31, 23, 59, 59), canonical: true });
  assert.deepEqual(time('500101000000Z'), { ms: Date.UTC(1950, 0, 1), canonical: true });
  assert.deepEqual(time('20500101000000Z'), { ms: Date.UTC(2050, 0, 1), canonical: true });
  assert.deepEqual(time('20491231235959Z'), { ms: Date.UTC(2049, 11, 31, 23, 59, 59), canonical: false });
  assert.equal(time('99991231235959Z').ms, Date.UTC(9999, 11, 31, 23, 59, 59));
  assert.equal(new Date(time('00010101000000Z').ms).getUTCFullYear(), 1);
  assert.equal(time('240229000000Z').ms, Date.UTC(2024, 1, 29));
});

for (const text of [
  '230229000000Z',
  '231301000000Z',
  '230132000000Z',
  '230101240000Z',
  '230101006000Z',
  '230101000060Z',
  '23010100000 Z',
  '2301010000Z',
  '230101000000+',
  '20230101000000.5Z',
]) {
  test(`not a time: ${text}`, () => refuses(() => time(text)));
}

function walk(element: DerElement): number {
  if ((element.tag & 0x20) === 0) {
    assert(contentOf(element).length <= element.source.length);
    return 1;
  }
  return 1 + children(element).reduce((deepest, child) => Math.max(deepest, walk(child)), 0);
}
