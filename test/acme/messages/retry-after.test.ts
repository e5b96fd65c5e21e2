import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_RETRY_AFTER_MS, parseHttpDate, retryAfterMs } from '../../../src/acme/messages/retry-after.ts';

const now = Date.UTC(2026, 10, 23, 12, 0, 0);
const after = (value: string, date?: string): number | null =>
  retryAfterMs({ 'retry-after': [value], ...(date === undefined ? {} : { date: [date] }) }, now);

test('seconds', () => {
  assert.equal(after('0'), 0);
  assert.equal(after('120'), 120_000);
  assert.equal(after('99999999999999999999999999'), MAX_RETRY_AFTER_MS);
});

test('an HTTP date in each of its forms', () => {
  const expected = Date.UTC(1994, 10, 6, 8, 49, 37);
  assert.equal(parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT'), expected);
  assert.equal(parseHttpDate('Sun Nov  6 08:49:37 1994'), expected);
  assert.equal(parseHttpDate('Monday, 23-Nov-26 12:00:00 GMT'), now);
});

test('a date is compared with the Date of the response, so that a wrong clock here does no harm', () => {
  assert.equal(after('Mon, 23 Nov 2026 12:01:00 GMT'), 60_000);
  assert.equal(after('Sun, 01 Jan 2040 00:00:30 GMT', 'Sun, 01 Jan 2040 00:00:00 GMT'), 30_000);
  assert.equal(after('Mon, 23 Nov 2026 12:01:00 GMT', 'nonsense'), 60_000);
});

test('a date in the past asks for no wait', () => {
  assert.equal(after('Mon, 23 Nov 2026 11:00:00 GMT'), 0);
});

test('what is neither counts as absent', () => {
  for (const value of [
    '',
    '-1',
    '+5',
    '1.5',
    '5 ',
    ' 5',
    '0x10',
    'soon',
    'Mon, 31 Feb 2026 12:00:00 GMT',
    'Mon, 23 Nov 2026 25:00:00 GMT',
    'Mon, 23 Nov 2026 12:00:00 CET',
    '2026-11-23T12:00:00Z',
  ]) {
    assert.equal(after(value), null, value);
  }
  assert.equal(retryAfterMs({}, now), null);
  assert.equal(retryAfterMs({ 'retry-after': ['1', '1'] }, now), null);
});

test('property: every time survives the way through its HTTP date', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date(Date.UTC(9999, 0)), noInvalidDate: true }), (date) => {
      const seconds = Math.floor(date.getTime() / 1000) * 1000;
      assert.equal(parseHttpDate(date.toUTCString()), seconds);
    }),
  );
});

test('property: no text makes it throw or return a time out of bounds', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary-ascii' })), fc.string(), (values, date) => {
      const wait = retryAfterMs({ 'retry-after': values, date: [date] }, now);
      assert.ok(wait === null || (wait >= 0 && wait <= MAX_RETRY_AFTER_MS));
    }),
  );
});
