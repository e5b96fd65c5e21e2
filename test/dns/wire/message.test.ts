import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeMessage, encodeHeader, encodeQuery, TYPES, uint16, uint32 } from '../../../src/dns/wire/message.ts';
import { decodeName, encodeName, isWithin } from '../../../src/dns/wire/name.ts';
import { encodeUpdate } from '../../../src/dns/wire/update.ts';
import { EverbindError } from '../../../src/errors/error.ts';

function record(name: Uint8Array, type: number, content: readonly number[] | Uint8Array, kind = 1): Uint8Array {
  return Buffer.concat([
    name,
    uint16(type),
    uint16(kind),
    uint32(60),
    uint16(content.length),
    Uint8Array.from(content),
  ]);
}

function answer(...records: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([encodeHeader(5, 0x8400, [0, records.length, 0, 0]), ...records]);
}

const malformed = (error: unknown): boolean =>
  error instanceof EverbindError && error.code === 'DNS_QUERY_FAILED' && error.details['reason'] === 'malformed';

describe('names', () => {
  it('are written and read back in lower case', () => {
    const label = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
    fc.assert(
      fc.property(fc.array(label, { maxLength: 8 }), (labels) => {
        const name = labels.join('.');
        const octets = encodeName(name);
        assert.deepEqual(decodeName(octets, 0), { name: name.toLowerCase(), end: octets.length });
      }),
    );
  });

  it('follow pointers backwards only', () => {
    const message = Buffer.concat([encodeName('example'), Uint8Array.of(3, 119, 119, 119, 0xc0, 0)]);
    assert.deepEqual(decodeName(message, 9), { name: 'www.example', end: 15 });
    for (const octets of [[0xc0, 0], [0xc0, 2, 0xc0, 0], [1, 97, 0xc0, 0], [0xc0], [0x40, 0], [0x80, 0], [5, 97], []]) {
      assert.throws(() => decodeName(Uint8Array.from(octets), 0), malformed, octets.join(' '));
    }
  });

  it('are no longer than 255 octets', () => {
    const label = 'a'.repeat(63);
    encodeName([label, label, label, 'a'.repeat(61)].join('.'));
    for (const name of [[label, label, label, 'a'.repeat(62)].join('.'), 'a'.repeat(64), 'a..b', '.', 'a b', 'ä']) {
      assert.throws(() => encodeName(name), malformed, name);
    }
  });

  it('with odd octets cannot be taken for others', () => {
    const { name } = decodeName(Uint8Array.of(3, 97, 46, 98, 0), 0);
    assert.equal(name, 'a\\046b');
    assert.ok(isWithin('a.example', 'example') && isWithin('example', 'example') && isWithin('a', ''));
    assert.ok(!isWithin('aexample', 'example') && !isWithin('example', 'a.example'));
  });
});

describe('messages', () => {
  it('of every type that is asked for', () => {
    const owner = encodeName('shop.example');
    const message = decodeMessage(
      answer(
        record(owner, TYPES.A, [192, 0, 2, 1]),
        record(owner, TYPES.AAAA, [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        record(owner, TYPES.NS, encodeName('NS1.Example')),
        record(owner, TYPES.CNAME, encodeName('other.example')),
        record(owner, TYPES.TXT, [2, 97, 98, 0, 1, 99]),
        record(owner, TYPES.CAA, [128, 5, ...Buffer.from('issueca.example')]),
        record(owner, TYPES.A, [1], 254),
        record(owner, 9999, [1, 2, 3]),
      ),
    );
    assert.deepEqual(
      message.answers.map(({ data }) => data),
      [
        { type: 'A', address: '192.0.2.1' },
        { type: 'AAAA', address: '2001:db8::1' },
        { type: 'NS', target: 'ns1.example' },
        { type: 'CNAME', target: 'other.example' },
        { type: 'TXT', text: 'abc' },
        { type: 'CAA', flags: 128, tag: 'issue', value: 'ca.example' },
        { type: 'other' },
        { type: 'other' },
      ],
    );
    assert.deepEqual([message.id, message.response, message.authoritative, message.rcode], [5, true, true, 'NOERROR']);
  });

  it('that lie about a length are refused', () => {
    const owner = encodeName('shop.example');
    for (const octets of [
      answer(record(owner, TYPES.A, [1, 2, 3])),
      answer(record(owner, TYPES.AAAA, [1])),
      answer(record(owner, TYPES.TXT, [5, 97])),
      answer(record(owner, TYPES.CAA, [0, 9, 97])),
      answer(record(owner, TYPES.CAA, [])),
      answer(record(owner, TYPES.NS, [...encodeName('a'), 0])),
      answer(record(owner, TYPES.A, [1, 2, 3, 4])).subarray(0, -1),
      Buffer.concat([answer(), Uint8Array.of(0)]),
      encodeHeader(1, 0, [0xffff, 0, 0, 0]),
      encodeHeader(1, 0, [1, 0, 0, 0]),
      new Uint8Array(11),
    ]) {
      assert.throws(() => decodeMessage(octets), malformed, Buffer.from(octets).toString('hex'));
    }
  });

  it('cut anywhere, or changed anywhere, are read or refused with a code', () => {
    const whole = answer(
      record(encodeName('a.example'), TYPES.TXT, [1, 97]),
      record(Uint8Array.of(0xc0, 12), TYPES.NS, [0xc0, 12]),
    );
    for (let length = 0; length < whole.length; length += 1) {
      assert.throws(() => decodeMessage(whole.subarray(0, length)), malformed);
    }
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (index, value) => {
        const changed = Uint8Array.from(whole);
        changed[index] = value;
        try {
          decodeMessage(changed);
        } catch (error) {
          assert.ok(malformed(error), String(error));
        }
      }),
    );
  });

  it('an update adds one value, or takes one away', () => {
    const change = { record: { name: '_acme-challenge.a.example', value: 'v' }, ttl: 60 };
    const added = decodeMessage(encodeUpdate(9, 'a.example', { ...change, action: 'add' }));
    assert.deepEqual([added.opcode, added.questions], [5, [{ name: 'a.example', typeNumber: 6, classNumber: 1 }]]);
    const [one] = added.authority;
    assert.deepEqual(
      [one?.name, one?.classNumber, one?.ttl, one?.data],
      [change.record.name, 1, 60, { type: 'TXT', text: 'v' }],
    );
    const [gone] = decodeMessage(encodeUpdate(9, 'a.example', { ...change, action: 'delete' })).authority;
    // RFC 2136 section 2.5.4: class NONE and no time to live.
    assert.deepEqual([gone?.classNumber, gone?.ttl, [...(gone?.content ?? [])]], [254, 0, [1, 118]]);
  });

  it('a question asks for one name', () => {
    const { questions, opcode } = decodeMessage(encodeQuery(3, 'Shop.example', 'CAA', true));
    assert.deepEqual([opcode, questions], [0, [{ name: 'shop.example', typeNumber: 257, classNumber: 1 }]]);
  });
});
