import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTimestamp, parseTimestamp } from '../../../src/acme/messages/timestamp.ts';

test('RFC 3339 times', () => {
  assert.equal(parseTimestamp('2016-01-05T14:09:07.99Z'), Date.UTC(2016, 0, 5, 14, 9, 7, 990));
  assert.equal(parseTimestamp('2016-01-05t14:09:07z'), Date.UTC(2016, 0, 5, 14, 9, 7));
  assert.equal(parseTimestamp('2016-01-05T14:09:07.123456789+05:30'), Date.UTC(2016, 0, 5, 8, 39, 7, 123));
  assert.equal(parseTimestamp('2016-01-05T14:09:07-08:00'), Date.UTC(2016, 0, 5, 22, 9, 7));
  assert.equal(parseTimestamp('0001-01-01T00:00:00Z'), -62135596800000);
});

test('other spellings with one meaning (vacp2p/nim-libp2p#2975)', () => {
  const time = Date.UTC(2016, 0, 5, 14, 9, 7);
  for (const text of [
    '2016-01-05T14:09:07',
    '2016-01-05 14:09:07Z',
    '2016-01-05 14:09:07',
    '2016-01-05T14:09:07+0000',
    '2016-01-05T19:39:07+0530',
    '2016-01-05 14:09:07 +0000',
    '2016-01-05 14:09:07 UTC',
    '2016-01-05T14:09:07Z ',
    ' 2016-01-05T14:09:07Z',
  ]) {
    assert.equal(parseTimestamp(text), time, text);
  }
  assert.equal(parseTimestamp('2016-01-05T14:09:07,5Z'), time + 500);
});

test('a leap second is the second before it', () => {
  assert.equal(parseTimestamp('2016-12-31T23:59:60Z'), Date.UTC(2016, 11, 31, 23, 59, 59));
});

test('anything else is none', () => {
  for (const text of [
    '',
    '2016-01-05',
    '2016-02-30T00:00:00Z',
    '2016-13-01T00:00:00Z',
    '2016-01-05T24:00:00Z',
    '2016-01-05T14:60:07Z',
    '2016-01-05T14:09:61Z',
    '2016-01-05T14:09:07+24:00',
    '2016-01-05T14:09:07+053',
    '2016-01-05T14:09:07 CET',
    '2016-01-05  14:09:07Z',
    '16-01-05T14:09:07Z',
    '2016-01-05T14:09:07Z  ',
    '2016-01-05T14:09:07.Z',
    `2016-01-05T14:09:07.${'9'.repeat(40)}Z`,
  ]) {
    assert.equal(parseTimestamp(text), null, text);
  }
});

test('property: a time written is the time read', () => {
  const dates = fc.date({
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(dates, (date) => assert.equal(parseTimestamp(formatTimestamp(date.getTime())), date.getTime())),
  );
});

test('property: no text makes it throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary-ascii' }), (text) => assert.ok(parseTimestamp(text) === null)));
});
