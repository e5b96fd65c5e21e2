import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { daysCell, expiresSoon, leftText } from '../../src/cli/output/time.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 5, 1);
/** A certificate that lives for so many days and has so many left. */
const certificate = (days: number, left: number) => ({
  notBefore: NOW + left * DAY - days * DAY,
  notAfter: NOW + left * DAY,
});

test('a certificate is about to expire by its own lifetime, not by fourteen days alone', () => {
  equal(expiresSoon(certificate(90, 13), NOW), true);
  equal(expiresSoon(certificate(90, 15), NOW), false);
  equal(expiresSoon(certificate(6, 5), NOW), false);
  equal(expiresSoon(certificate(6, 1.9), NOW), true);
  equal(expiresSoon(certificate(398, 40), NOW), false);
  equal(expiresSoon(certificate(90, -1), NOW), true);
});

test('what is left is told in hours below two days', () => {
  deepEqual(
    [89.5, 2, 1.99, 0.5, 0.01, -0.5].map((left) => leftText(NOW + left * DAY, NOW)),
    ['89 days', '2 days', '47 hours', '12 hours', '0 hours', 'expired'],
  );
  deepEqual(daysCell(certificate(90, 20), NOW), { text: '20', style: 'green' });
  deepEqual(daysCell(certificate(6, 1.5), NOW), { text: '36 h', style: 'yellow' });
  deepEqual(daysCell(certificate(6, 0.04), NOW), { text: '0 h', style: 'yellow' });
  deepEqual(daysCell(certificate(90, -3), NOW), { text: '-3', style: 'red' });
  equal(leftText(NOW + HOUR, NOW), '1 hour');
});
