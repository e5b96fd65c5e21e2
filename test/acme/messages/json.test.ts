import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJson } from '../../../src/acme/messages/json.ts';
import { coded } from '../support.ts';

const parse = (text: string | Uint8Array): unknown => parseJson(Buffer.from(text), 'order');

test('depth is bounded, and brackets in strings do not count', () => {
  assert.deepEqual(parse(`{"a":"${'['.repeat(1000)}\\"${'{'.repeat(1000)}"}`), {
    a: `${'['.repeat(1000)}"${'{'.repeat(1000)}`,
  });
  assert.throws(() => parse('['.repeat(33) + ']'.repeat(33)), coded('ACME_RESPONSE_INVALID'));
  assert.throws(() => parse('{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000)), coded('ACME_RESPONSE_INVALID'));
});

test('no JSON, cut JSON, text after it, bad UTF-8, nothing', () => {
  for (const text of ['', '<html>', '{"a":1', '{"a":1} x', "{'a':1}", 'NaN', Uint8Array.of(0x22, 0xff, 0x22)]) {
    assert.throws(() => parse(text), coded('ACME_RESPONSE_INVALID'));
  }
});

test('the error does not quote the response', () => {
  assert.throws(
    () => parse('{"secret-looking": evil}'),
    (error: Error) => !`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`.includes('evil'),
  );
});

test('property: equal to JSON.parse within the depth', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 10 }), (value) =>
      assert.deepEqual(parse(JSON.stringify(value)), JSON.parse(JSON.stringify(value))),
    ),
  );
});
