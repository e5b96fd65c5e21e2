import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeEvent, encodeEvent, MOST_EVENT_OCTETS } from '../../src/audit/event.ts';
import type { Json } from '../../src/ports/deployment.ts';

const text = fc.string({ unit: 'grapheme' });
const event = fc.record({
  type: text,
  subject: text,
  data: fc.jsonValue({ noUnicodeString: false }) as fc.Arbitrary<Json>,
});
const seq = fc.nat(1_000_000);
const position = fc
  .tuple(seq, seq, fc.integer({ min: 0, max: 4_102_444_800_000 }))
  .map(([one, other, time]) => ({ seq: Math.max(one, other), commit: Math.min(one, other), time }));

describe('an event', () => {
  it('comes back from its leaf', () => {
    fc.assert(
      fc.property(event, position, (logged, at) => {
        const leaf = encodeEvent(logged, at);
        const back = decodeEvent(leaf);
        assert.ok(back);
        assert.equal(encodeEvent(back, back), leaf);
        assert.deepEqual(
          [back.seq, back.commit, back.time, back.type, back.subject],
          [at.seq, at.commit, at.time, logged.type, logged.subject],
        );
      }),
    );
  });

  it('has this form', () => {
    const leaf = encodeEvent(
      { type: 'order.created', subject: 'shop', data: { url: 'https://ca.test/o/1', again: false } },
      { seq: 12, commit: 10, time: Date.UTC(2026, 10, 23, 12, 0, 0, 5) },
    );
    assert.equal(
      leaf,
      '{"commit":10,"data":{"again":false,"url":"https://ca.test/o/1"},"seq":12,"subject":"shop","time":"2026-11-23T12:00:00.005Z","type":"order.created","v":1}',
    );
  });

  it('is logged even when a peer sent half a surrogate pair', () => {
    const leaf = encodeEvent({ type: 'a', subject: 'b', data: { '\ud800': '\udc00' } }, { seq: 0, commit: 0, time: 0 });
    assert.deepEqual(decodeEvent(leaf)?.data, { '\ufffd': '\ufffd' });
  });

  it('is refused when it is too large', () => {
    const data = 'x'.repeat(MOST_EVENT_OCTETS);
    assert.throws(() => encodeEvent({ type: 'a', subject: 'b', data }, { seq: 0, commit: 0, time: 0 }), {
      code: 'AUDIT_EVENT_INVALID',
    });
  });

  it('is not read from any other text', () => {
    const good = '{"commit":0,"data":1,"seq":0,"subject":"s","time":"2026-11-23T12:00:00.000Z","type":"t","v":1}';
    assert.ok(decodeEvent(good));
    const bad = [
      '',
      'null',
      '[]',
      `${good} `,
      good.replace('"data":1', '"data": 1'),
      good.replace('"data":1', '"data":1.0'),
      good.replace('"data":1', '"data":1,"data":1'),
      good.replace('"v":1', '"v":2'),
      good.replace(',"v":1', ''),
      good.replace('"v":1', '"v":1,"w":1'),
      good.replace('"seq":0', '"seq":-1'),
      good.replace('"seq":0', '"seq":0.5'),
      good.replace('"seq":0', '"seq":"0"'),
      good.replace('"commit":0', '"commit":1'),
      good.replace('.000Z', 'Z'),
      good.replace('.000Z', '.000+00:00'),
      good.replace('2026-11-23', '2026-02-30'),
      good.replace('"s"', '1'),
      good.replace('"t"', 'null'),
      good.replace('"s"', '"\\u0073"'),
      good.replace('"s"', '"\\ud800"'),
      '{"v":1,"type":"t","time":"2026-11-23T12:00:00.000Z","subject":"s","seq":0,"data":1,"commit":0}',
    ];
    for (const leaf of bad) assert.equal(decodeEvent(leaf), null, leaf);
  });
});
