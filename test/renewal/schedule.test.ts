import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  backoffMs,
  drawInWindow,
  dueAfterRollBack,
  dueAt,
  pollAfterMs,
  type Validity,
} from '../../src/renewal/schedule.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

/** Certificates of 160 hours (short-lived) up to 398 days, at any time of this half of the century. */
const anyValidity: fc.Arbitrary<Validity> = fc
  .record({
    notBefore: fc.integer({ min: Date.UTC(2025), max: Date.UTC(2050) }),
    lifetime: fc.integer({ min: 160 * HOUR, max: 398 * DAY }),
  })
  .map(({ notBefore, lifetime }) => ({ notBefore, notAfter: notBefore + lifetime }));

/** [0, 1), the ends included that a draw can reach. */
const anyUniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('a certificate without a window', () => {
  it('is due when a third of its lifetime is left, or half of one under ten days', () => {
    fc.assert(
      fc.property(anyValidity, (validity) => {
        const { notBefore, notAfter } = validity;
        const { at, reason } = dueAt(validity, null);
        const lifetime = notAfter - notBefore;
        assert.equal(reason, 'lifetime');
        assert.ok(at > notBefore && at < notAfter);
        // Whole milliseconds, rounded to the earlier side.
        const left = notAfter - at - lifetime / (lifetime < 10 * DAY ? 2 : 3);
        assert.ok(left >= -1e-3 && left < 1, `${left}`);
      }),
    );
  });

  it('by example: 160 hours, 90 days, 398 days', () => {
    const hours = (lifetime: number): number => dueAt({ notBefore: 0, notAfter: lifetime }, null).at / HOUR;
    assert.equal(hours(160 * HOUR), 80);
    assert.equal(hours(90 * DAY), 60 * 24);
    assert.ok(Math.abs(hours(398 * DAY) - (398 * 24 * 2) / 3) < 0.001);
  });
});

describe('a moment in the window of the CA', () => {
  it('is taken as it was drawn, up to the last twentieth of the lifetime', () => {
    fc.assert(
      fc.property(anyValidity, fc.double({ min: -1, max: 2, noNaN: true }), ({ notBefore, notAfter }, part): void => {
        const lifetime = notAfter - notBefore;
        const selected = Math.floor(notBefore + part * lifetime);
        const { at, reason } = dueAt({ notBefore, notAfter }, selected);
        const latest = notAfter - lifetime / 20;
        assert.ok(at <= latest, 'later than the last twentieth');
        assert.deepEqual(
          { at, reason },
          selected <= latest ? { at: selected, reason: 'window' } : { at: Math.floor(latest), reason: 'lifetime' },
        );
      }),
    );
  });

  it('in the past is due at once: so a CA says that it will revoke', () => {
    const validity = { notBefore: 10 * DAY, notAfter: 100 * DAY };
    assert.deepEqual(dueAt(validity, 11 * DAY), { at: 11 * DAY, reason: 'window' });
    assert.deepEqual(dueAt(validity, 0), { at: 0, reason: 'window' });
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
  const BASES = [MINUTE, 10 * MINUTE, 100 * MINUTE, DAY, DAY];

  it('the waits are 1, 10 and 100 minutes, then a day, a tenth more or less', () => {
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
    assert.equal(backoffMs({ ...alone, failures: 1000, uniform: 0.5 }), DAY);
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
          assert.ok(wait <= Math.max(7 * DAY, 1.1 * DAY));
          assert.equal(
            wait,
            Math.max(
              backoffMs({ failures, uniform, retryAfterMs: null, remainingMs }),
              Math.min(retryAfterMs, 7 * DAY),
            ),
          );
        },
      ),
    );
  });
});

it('after a roll-back there is a day to look into it, but the certificate does not expire over it', () => {
  fc.assert(
    fc.property(anyValidity, fc.double({ min: 0, max: 1, noNaN: true }), (validity, part) => {
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
