import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Day } from './day.ts';

const MINUTE = 60_000;

async function live(hours: number, fault?: string): Promise<Day> {
  const script = fileURLToPath(new URL('day.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    script,
    String(hours),
    ...(fault === undefined ? [] : [fault]),
  ]);
  return JSON.parse(stdout) as Day;
}

it('a day of everbind run with three CAs that hang: a good one renews on time, and nothing is held for long', async (t) => {
  const day = await live(24);
  const minutes = (ms: number): string => `${(ms / MINUTE).toFixed(1)} min`;
  t.diagnostic(
    `${day.renewals} renewed, the latest ${minutes(day.latest)} after its time; ${day.failures} failed attempts, the longest ${minutes(day.longestAttempt)}; lease held for ${minutes(day.longestLease)} at most; requests ${JSON.stringify(day.requests)}`,
  );
  assert.ok(day.renewals >= 4 * 24, 'all of them, every six hours');
  assert.equal(day.expired, 0);
  assert.ok(day.latest <= MINUTE, minutes(day.latest));
  assert.ok(day.longestAttempt <= 30 * MINUTE, minutes(day.longestAttempt));
  assert.ok(day.longestLease <= 70 * MINUTE, minutes(day.longestLease));
  // 24 certificates, each tried every few minutes to hours, would be hundreds.
  assert.ok((day.requests['black-hole'] ?? 0) < 60, String(day.requests['black-hole']));
});

it('the same day is another one without a share of the work for each issuer', async () => {
  const day = await live(24, 'one lane for all');
  assert.ok(day.latest > 2 * MINUTE, String(day.latest));
});

it('… when what falls due waits for the end of what is under way', async () => {
  const day = await live(24, 'renewals wait for each other');
  assert.ok(day.latest > 2 * MINUTE, String(day.latest));
});

it('… when a search for an order ends with the attempt only', async () => {
  const day = await live(24, 'a search without end');
  assert.ok(day.longestAttempt > 25 * MINUTE, String(day.longestAttempt));
});

it('… when a lone issuer that fails is asked for each of its certificates', async () => {
  const day = await live(24, 'no breaker for a lone issuer');
  assert.ok((day.requests['black-hole'] ?? 0) > 100, String(day.requests['black-hole']));
});
