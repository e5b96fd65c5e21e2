import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  backoffMs,
  type Dated,
  drawInWindow,
  dueAfterRollBack,
  dueAt,
  dueAfterUse,
  pollAfterMs,
} from '../../../src/renewal/schedule/due-date.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

/** Certificates of 160 hours (short-lived) up to 398 days, at any time of this half of the century. */
const anyDated: fc.Arbitrary<Dated> = fc
  .record({
    thumbprint: fc.stringMatching(/^[0-9a-f]{40}$/),
    notBefore: fc.integer({ min: Date.UTC(2025), max: Date.UTC(2050) }),
    lifetime: fc.integer({ min: 160 * HOUR, max: 398 * DAY }),
  })
  .map(({ thumbprint, notBefore, lifetime }) => ({ thumbprint, notBefore, notAfter: notBefore + lifetime }));

/** [0, 1), the ends included that a draw can reach. */
const anyUniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('a certificate without a window', () => {
  it('is due about when a third of its lifetime is left, or half of one under ten days: a hundredth to either side', () => {
    fc.assert(
      fc.property(anyDated, (certificate) => {
        const { notBefore, notAfter } = certificate;
        const { at, reason } = dueAt(certificate, null);
        const lifetime = notAfter - notBefore;
        assert.equal(reason, 'lifetime');
        assert.ok(Number.isSafeInteger(at));
        const off = notAfter - at - lifetime / (lifetime < 10 * DAY ? 2 : 3);
        // Whole milliseconds, rounded to the earlier side.
        assert.ok(Math.abs(off) <= lifetime / 100 + 1, `${off}`);
        assert.ok(notAfter - at > lifetime / 20);
        assert.deepEqual(dueAt(certificate, null), { at, reason }, 'the draw stands');
      }),
    );
  });

  // What CAs issue today and will: begin, middle and end of the time in which such certificates are due, in hours from
  // the day of issue.
  const lifetimes: readonly (readonly [string, number, number, number, number])[] = [
    ['160 hours', 160, 78.4, 80, 81.6],
    ['45 days', 45 * 24, 709.2, 720, 730.8],
    ['47 days', 47 * 24, 740.72, 752, 763.28],
    ['64 days', 64 * 24, 1008.64, 1024, 1039.36],
    ['90 days', 90 * 24, 1418.4, 1440, 1461.6],
    ['200 days', 200 * 24, 3152, 3200, 3248],
  ];
  for (const [what, hours, ...expected] of lifetimes) {
    it(`by example: ${what}, due from hour ${expected[0]} to ${expected[2]}`, () => {
      const draws = ['0'.repeat(40), `8${'0'.repeat(39)}`, 'f'.repeat(40)];
      const found = draws.map(
        (thumbprint) => dueAt({ thumbprint, notBefore: 0, notAfter: hours * HOUR }, null).at / HOUR,
      );
      for (const [index, hour] of expected.entries())
        assert.ok(Math.abs((found[index] ?? 0) - hour) < 0.001, found.join());
    });

    it(`a thousand of ${what} that were issued in one minute do not come back in one: no tenth of the time has twice its share`, () => {
      const tenths = Array.from({ length: 10 }, () => 0);
      for (let index = 0; index < 1000; index += 1) {
        const thumbprint = createHash('sha1').update(`${hours} ${index}`).digest('hex');
        const { at } = dueAt({ thumbprint, notBefore: 0, notAfter: hours * HOUR }, null);
        const tenth = Math.floor(((at / HOUR - expected[0]) / (expected[2] - expected[0])) * 10);
        tenths[tenth] = (tenths[tenth] ?? 0) + 1;
      }
      assert.equal(tenths.length, 10);
      assert.ok(Math.max(...tenths) < 200 && Math.min(...tenths) > 50, tenths.join());
    });
  }
});

describe('a moment in the window of the CA', () => {
  it('is taken as it was drawn, up to the last twentieth of the lifetime', () => {
    fc.assert(
      fc.property(anyDated, fc.double({ min: -1, max: 2, noNaN: true }), (certificate, part): void => {
        const { notBefore, notAfter } = certificate;
        const lifetime = notAfter - notBefore;
        const selected = Math.floor(notBefore + part * lifetime);
        const { at, reason } = dueAt(certificate, selected);
        const latest = notAfter - lifetime / 20;
        assert.ok(at <= latest, 'later than the last twentieth');
        assert.deepEqual(
          { at, reason },
          selected <= latest ? { at: selected, reason: 'ari-window' } : { at: Math.floor(latest), reason: 'lifetime' },
        );
      }),
    );
  });

  it('in the past is due at once: so a CA says that it will revoke', () => {
    const validity = { thumbprint: '0'.repeat(40), notBefore: 10 * DAY, notAfter: 100 * DAY };
    assert.deepEqual(dueAt(validity, 11 * DAY), { at: 11 * DAY, reason: 'ari-window' });
    assert.deepEqual(dueAt(validity, 0), { at: 0, reason: 'ari-window' });
  });

  it('in the past again and again does not replace certificates without end', () => {
    const anyHours = fc.integer({ min: 1, max: 400 * 24 });
    fc.assert(
      fc.property(anyHours, fc.integer({ min: 0, max: 30 * HOUR }), (hours, backdated) => {
        const lifetime = hours * HOUR;
        let before: { issuedAt: number } | null = null;
        let issuedAt = 0;
        let renewals = 0;
        // Each one is replaced as soon as the window allows.
        while (issuedAt < lifetime && renewals < 10_000) {
          const notBefore = issuedAt - backdated;
          const certificate = { thumbprint: '', issuedAt, notBefore, notAfter: notBefore + lifetime };
          const { at } = dueAfterUse(certificate, -lifetime, before);
          before = { issuedAt };
          issuedAt = Math.max(issuedAt, at);
          renewals += 1;
        }
        assert.ok(renewals <= 2 + Math.max(20, hours / 6), `${renewals} in ${hours} hours`);
      }),
    );
  });

  it('is drawn from the whole window and from nothing else, evenly', () => {
    const anyWindow = fc
      .record({ start: fc.nat(Date.UTC(2050)), length: fc.integer({ min: MINUTE, max: 30 * DAY }) })
      .map(({ start, length }) => ({ start, end: start + length }));
    fc.assert(
      fc.property(anyWindow, anyUniform, (window, uniform) => {
        const drawn = drawInWindow(window, uniform);
        assert.ok(Number.isSafeInteger(drawn));
        // The end itself only by rounding, of a draw within a millionth of one.
        assert.ok(drawn >= window.start && drawn <= window.end);
        if (uniform < 1 - 1e-6) assert.ok(drawn < window.end);
        // The part of the window that lies before it is the draw itself.
        const part = (drawn - window.start) / (window.end - window.start);
        assert.ok(uniform - part >= -1e-9 && uniform - part <= 1 / (window.end - window.start) + 1e-9);
      }),
    );
    assert.equal(drawInWindow({ start: 5, end: 5 }, 0.7), 5);
  });
});

describe('after a failure', () => {
  const alone = { retryAfterMs: null, remainingMs: null };
  const BASES = [MINUTE, 4 * MINUTE, 16 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 6 * HOUR];

  it('the waits are 1, 4 and 16 minutes, 1, 3, then every 6 hours, a tenth more or less', () => {
    for (const [index, base] of BASES.entries()) {
      const failures = index + 1;
      assert.equal(backoffMs({ ...alone, failures, uniform: 0 }), 0.9 * base);
      assert.equal(backoffMs({ ...alone, failures, uniform: 0.5 }), base);
      fc.assert(
        fc.property(anyUniform, (uniform) => {
          const wait = backoffMs({ ...alone, failures, uniform });
          // Rounded up to whole milliseconds.
          assert.ok(wait >= 0.9 * base && wait < 1.1 * base + 2);
          assert.ok(Number.isInteger(wait));
        }),
      );
    }
    assert.equal(backoffMs({ ...alone, failures: 1000, uniform: 0.5 }), 6 * HOUR);
  });

  it('the next attempt comes before the certificate in use expires, unless the CA forbids it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        anyUniform,
        fc.integer({ min: 11 * MINUTE, max: 398 * DAY }),
        (failures, uniform, remainingMs) => {
          const wait = backoffMs({ failures, uniform, retryAfterMs: null, remainingMs });
          assert.ok(wait <= remainingMs, `${wait} of ${remainingMs}`);
          assert.ok(wait >= 0.9 * MINUTE);
        },
      ),
    );
  });

  it('from a day before expiry on there are at least ten more attempts, at least nine minutes apart', () => {
    fc.assert(
      fc.property(fc.infiniteStream(anyUniform), fc.integer({ min: 4, max: 100 }), (draws, before) => {
        let remainingMs = DAY;
        let attempts = 0;
        for (const uniform of draws) {
          const wait = backoffMs({ failures: before + attempts, uniform, retryAfterMs: null, remainingMs });
          assert.ok(wait >= 9 * MINUTE);
          remainingMs -= wait;
          if (remainingMs <= 0) break;
          attempts += 1;
        }
        assert.ok(attempts >= 10, `${attempts} attempts`);
      }),
    );
  });

  it('an expired certificate is tried again by the usual rule, not without a pause', () => {
    fc.assert(
      fc.property(fc.integer({ min: -398 * DAY, max: 0 }), fc.integer({ min: 1, max: 9 }), (remainingMs, failures) => {
        assert.equal(
          backoffMs({ failures, uniform: 0.5, retryAfterMs: null, remainingMs }),
          backoffMs({ failures, uniform: 0.5, ...alone }),
        );
      }),
    );
  });

  it('never sooner than the CA asked, whose wish is obeyed for a week', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        anyUniform,
        fc.integer({ min: 0, max: 60 * DAY }),
        fc.option(fc.integer({ min: 1, max: 398 * DAY })),
        (failures, uniform, retryAfterMs, remainingMs) => {
          const wait = backoffMs({ failures, uniform, retryAfterMs, remainingMs });
          assert.ok(wait >= Math.min(retryAfterMs, 7 * DAY));
          assert.ok(wait < 7.7 * DAY + 2);
          assert.equal(
            wait,
            Math.max(
              backoffMs({ failures, uniform, retryAfterMs: null, remainingMs }),
              // Not all of those that were told the same moment come back in it.
              Math.ceil(Math.min(retryAfterMs, 7 * DAY) * (1 + uniform / 10)),
            ),
          );
        },
      ),
    );
  });
});

it('after a roll-back there is a day to look into it, but the certificate does not expire over it', () => {
  fc.assert(
    fc.property(anyDated, fc.double({ min: 0, max: 1, noNaN: true }), (validity, part) => {
      const { notBefore, notAfter } = validity;
      const now = Math.floor(notBefore + part * (notAfter - notBefore));
      const usual = dueAt(validity, null).at;
      const { at, reason } = dueAfterRollBack(validity, now);
      assert.equal(reason, 'rolled-back');
      assert.ok(at >= usual);
      assert.ok(at <= notAfter - HOUR);
      if (at !== usual) assert.ok(at === now + DAY || at === notAfter - HOUR);
    }),
  );
});

it('a window is asked for again after Retry-After, between a minute and a day, or after six hours', () => {
  assert.equal(pollAfterMs(null), 6 * HOUR);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60 * DAY }), (wish) => {
      const wait = pollAfterMs(wish);
      assert.ok(wait >= MINUTE && wait <= DAY);
      if (wish >= MINUTE && wish <= DAY) assert.equal(wait, wish);
    }),
  );
});
