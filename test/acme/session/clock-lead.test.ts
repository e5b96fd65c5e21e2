import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockLeadOf } from '../../../src/acme/session/clock-lead.ts';
import { clockProblem } from '../../../src/pki/clock-lead.ts';

const now = Date.UTC(2026, 10, 23, 12);
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

test('the Date of a response, and its age in a cache, tell how far the sender is ahead', () => {
  const date = ['Mon, 23 Nov 2026 14:00:00 GMT'];
  assert.equal(clockLeadOf({ date }, now), 2 * HOUR);
  assert.equal(clockLeadOf({ date, age: ['90'] }, now), 2 * HOUR + 90 * SECOND);
  assert.equal(clockLeadOf({ date: ['Mon, 23 Nov 2026 11:59:00 GMT'] }, now), -MINUTE);
});

test('what is absent, twice or cannot be read says nothing', () => {
  const date = 'Mon, 23 Nov 2026 14:00:00 GMT';
  for (const headers of [{}, { date: [date, date] }, { date: ['soon'] }, { date: [date], age: ['-5'] }]) {
    assert.equal(clockLeadOf(headers, now), null);
  }
});

test('five minutes are nothing; more is said in whole units', () => {
  const cases: readonly (readonly [number, string | null])[] = [
    [5 * MINUTE, null],
    [-5 * MINUTE, null],
    [6 * MINUTE, "the clock of this machine is 6 minutes behind the CA's"],
    [HOUR, "the clock of this machine is 60 minutes behind the CA's"],
    [2 * HOUR - SECOND, "the clock of this machine is 2 hours behind the CA's"],
    [-25 * HOUR, "the clock of this machine is 25 hours ahead of the CA's"],
    [-48 * HOUR, "the clock of this machine is 2 days ahead of the CA's"],
  ];
  for (const [lead, text] of cases) assert.equal(clockProblem(lead), text);
});
