import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHostBackoffs, backoffMs } from '../../../src/acme/session/host-backoff.ts';
import type { HttpResponse } from '../../../src/ports/transport.ts';
import { coded, noRandom, testClock } from '../support.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const url = 'https://ca.test/new-order';

function answer(status: number, retryAfter: string | null, type: string | null = null, date?: string): HttpResponse {
  return {
    status,
    headers: {
      ...(retryAfter === null ? {} : { 'retry-after': [retryAfter] }),
      ...(date === undefined ? {} : { date: [date] }),
      ...(type === null ? {} : { 'content-type': ['application/problem+json'] }),
    },
    body: Buffer.from(type === null ? 'busy' : JSON.stringify({ type: `urn:ietf:params:acme:error:${type}` })),
  };
}

function holds(kept: readonly (readonly [string, number])[] = []) {
  const clock = testClock();
  const written: (readonly [string, number])[] = [];
  const made = createHostBackoffs({
    clock,
    random: noRandom,
    kept,
    keep: async (host, until) => void written.push([host, until]),
  });
  return { clock, written, ...made };
}

describe('a response pauses its host', () => {
  it('503 and 429 with Retry-After in either form, for six hours at most', () => {
    assert.equal(backoffMs(answer(503, '120'), 0), 120 * SECOND);
    assert.equal(backoffMs(answer(503, '120', 'rateLimited'), 0), 120 * SECOND);
    assert.equal(backoffMs(answer(429, '120'), 0), 120 * SECOND);
    const date = 'Thu, 01 Jan 2026 10:00:00 GMT';
    assert.equal(backoffMs(answer(503, 'Thu, 01 Jan 2026 10:05:00 GMT', null, date), 0), 300 * SECOND);
    assert.equal(backoffMs(answer(503, '999999'), 0), 6 * HOUR);
  });

  it('nothing else does: not without the header, nor a limit of ACME, nor another status', () => {
    assert.equal(backoffMs(answer(503, null), 0), null);
    assert.equal(backoffMs(answer(503, 'soon'), 0), null);
    assert.equal(backoffMs(answer(429, '120', 'rateLimited'), 0), null);
    assert.equal(backoffMs(answer(500, '120'), 0), null);
    assert.equal(backoffMs(answer(200, '120'), 0), null);
  });
});

describe('a request to a host', () => {
  it('waits for a short pause, and not at all for a longer one: it fails with the wait that is left', async () => {
    const { clock, written, pass, note } = holds();
    await pass(url);
    await note(url, answer(503, '60'));
    await pass(url);
    assert.deepEqual(clock.slept, [60 * SECOND]);
    assert.deepEqual(written, []);
    await note(url, answer(429, '3600'));
    assert.deepEqual(written, [['ca.test', clock.now() + HOUR]]);
    await assert.rejects(pass('https://ca.test/other?account=2'), (error) => {
      coded('ACME_HOST_BACKOFF')(error);
      assert.equal((error as { details: { retryAfterMs: number } }).details.retryAfterMs, HOUR);
      return true;
    });
    assert.equal(clock.slept.length, 1);
    await pass('https://other.test/');
    await pass('https://ca.test:8443/');
  });

  it('waits no more than three times for a host that says so again and again', async () => {
    const clock = testClock();
    const sleeping: typeof clock = {
      ...clock,
      sleep: async (ms, signal) => {
        await clock.sleep(ms, signal);
        await made.note(url, answer(503, '10'));
      },
    };
    const made = createHostBackoffs({ clock: sleeping, random: noRandom, kept: [], keep: async () => {} });
    await made.note(url, answer(503, '10'));
    await assert.rejects(made.pass(url), coded('ACME_HOST_BACKOFF'));
    assert.equal(clock.slept.length, 3);
  });

  it('stops waiting when it is told to, and goes on when a pause cannot be stored', async () => {
    const clock = testClock();
    const made = createHostBackoffs({
      clock: { ...clock, sleep: async (_, signal) => signal?.throwIfAborted() },
      random: noRandom,
      kept: [],
      keep: async () => {
        throw new Error('disk full');
      },
    });
    await made.note(url, answer(503, '30'));
    await assert.rejects(made.pass(url, AbortSignal.abort(new Error('stop'))), /stop/);
    await made.note(url, answer(503, '3000'));
    await assert.rejects(made.pass(url), coded('ACME_HOST_BACKOFF'));
  });

  it('obeys a stored pause, and none that only a clock that was put back explains', async () => {
    const start = testClock().now();
    await assert.rejects(holds([['ca.test', start + 2 * HOUR]]).pass(url), coded('ACME_HOST_BACKOFF'));
    await holds([['ca.test', start - 1]]).pass(url);
    await holds([['ca.test', start + 7 * HOUR]]).pass(url);
  });
});
