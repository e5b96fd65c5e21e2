import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isTimeZone, parseFreeze, parseMaintenanceWindow } from '../../../src/config/check/maintenance.ts';
import type { MaintenanceConfig } from '../../../src/ports/maintenance.ts';
import { isOpen, lastOpenIn, nextOpen, placeDue } from '../../../src/renewal/schedule/maintenance.ts';

const HOUR = 3_600_000;

function plan(timeZone: string, windows: readonly string[], ...freezes: readonly string[]): MaintenanceConfig {
  return {
    timeZone,
    windows: windows.map((text) => {
      const window = parseMaintenanceWindow(text);
      assert.ok(window !== null, text);
      return window;
    }),
    freezes: freezes.map((text) => {
      const [from = '', to = ''] = text.split('..');
      return { from, to };
    }),
  };
}

function stretch(value: ReturnType<typeof nextOpen>): string {
  if (value === null) return 'never';
  return `${new Date(value.start).toISOString().slice(0, 16)} ${new Date(value.end).toISOString().slice(0, 16)}`;
}

describe('a maintenance window', () => {
  it('is read from its text', () => {
    assert.deepEqual(parseMaintenanceWindow('Sat#2 01:00-05:30'), {
      days: [{ weekday: 6, nth: 2 }],
      from: 60,
      to: 330,
    });
    assert.deepEqual(
      parseMaintenanceWindow('Sat-Mon,Wed 22:00-24:00')?.days.map(({ weekday }) => weekday),
      [6, 7, 1, 3],
    );
    assert.equal(parseMaintenanceWindow('* 00:00-24:00')?.days.length, 7);
  });

  it('is refused when it says something else', () => {
    for (const text of [
      '',
      '*',
      'Mon',
      'Mon 1:00-2:00',
      'Mon 01:00-25:00',
      'Mon 24:00-01:00',
      'Mon 02:00-02:00',
      'Mo 01:00-02:00',
      'Mon#0 01:00-02:00',
      'Mon#6 01:00-02:00',
      'Mon-Fri#1 01:00-02:00',
      'Mon, Tue 01:00-02:00',
      'Mon 01:00-02:00 x',
      'Mon 01:60-02:00',
    ]) {
      assert.equal(parseMaintenanceWindow(text), null, text);
    }
  });

  it('is found: today, over midnight, next week, in its time zone', () => {
    const nights = plan('UTC', ['Mon-Fri 22:00-04:00']);
    const at = (text: string): string => stretch(nextOpen(nights, Date.parse(text)));
    assert.equal(at('2026-11-23T12:00Z'), '2026-11-23T22:00 2026-11-24T04:00');
    assert.equal(at('2026-11-24T01:00Z'), '2026-11-24T01:00 2026-11-24T04:00');
    // From Friday night into Saturday; then the next is Monday's.
    assert.equal(at('2026-11-28T03:00Z'), '2026-11-28T03:00 2026-11-28T04:00');
    assert.equal(at('2026-11-28T04:00Z'), '2026-11-30T22:00 2026-12-01T04:00');
    const berlin = plan('Europe/Berlin', ['Sat#2 01:00-05:00']);
    assert.equal(stretch(nextOpen(berlin, Date.parse('2026-07-01T00:00Z'))), '2026-07-10T23:00 2026-07-11T03:00');
    assert.equal(stretch(nextOpen(berlin, Date.parse('2026-12-01T00:00Z'))), '2026-12-12T00:00 2026-12-12T04:00');
  });

  it('that the clock change leaves out is an hour later, and one that comes twice is open for both', () => {
    const spring = plan('Europe/Berlin', ['Sun 02:30-03:30']);
    assert.equal(
      stretch(nextOpen(spring, Date.parse('2026-03-29T00:00Z'))),
      // 02:30 does not exist and becomes 03:30, where the window ends: nothing of it is left that day.
      '2026-04-05T00:30 2026-04-05T01:30',
    );
    const autumn = plan('Europe/Berlin', ['Sun 02:00-04:00']);
    assert.equal(stretch(nextOpen(autumn, Date.parse('2026-10-24T12:00Z'))), '2026-10-25T00:00 2026-10-25T03:00');
  });

  it('waits for the end of a freeze, and ends where one begins', () => {
    const frozen = plan('UTC', ['* 20:00-06:00'], '2026-12-18..2027-01-06', '2026-12-01..2026-12-01');
    const at = (text: string): string => stretch(nextOpen(frozen, Date.parse(text)));
    assert.equal(at('2026-12-17T22:00Z'), '2026-12-17T22:00 2026-12-18T00:00');
    assert.equal(at('2026-12-18T00:00Z'), '2027-01-07T00:00 2027-01-07T06:00');
    assert.equal(at('2026-11-30T21:00Z'), '2026-11-30T21:00 2026-12-01T00:00');
    assert.equal(at('2026-12-01T12:00Z'), '2026-12-02T00:00 2026-12-02T06:00');
    const always = plan('UTC', [], '2026-12-18..2027-01-06');
    assert.equal(nextOpen(always, Date.parse('2026-12-20T00:00Z'))?.start, Date.parse('2027-01-07T00:00Z'));
  });

  it('that never comes is never found', () => {
    assert.equal(nextOpen(plan('UTC', ['Mon 01:00-02:00'], '2026-01-01..2030-01-01'), Date.parse('2026-06-01')), null);
  });

  it('is found backwards too', () => {
    const weekly = plan('UTC', ['Sat 02:00-04:00']);
    const within = { start: Date.parse('2026-11-02T00:00Z'), end: Date.parse('2026-11-21T03:00Z') };
    assert.equal(stretch(lastOpenIn(weekly, within)), '2026-11-21T02:00 2026-11-21T03:00');
    assert.equal(lastOpenIn(weekly, { start: within.start, end: within.start + HOUR }), null);
  });
});

const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu', 'Pacific/Auckland', 'America/Sao_Paulo'];

/** Local weekday (1 Monday) and minute of the day by another library than the one under test. */
function localTime(timeZone: string): (at: number) => { weekday: number; minute: number } {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (at) => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const weekday = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(parts['weekday'] ?? '') + 1;
    return { weekday, minute: Number(parts['hour']) * 60 + Number(parts['minute']) };
  };
}

describe('properties', () => {
  it('a moment is open exactly when its local time says so, and nothing before the next one is', () => {
    const anyWindow = fc
      .record({ weekday: fc.integer({ min: 1, max: 7 }), from: fc.nat(1439), to: fc.integer({ min: 1, max: 1440 }) })
      .filter(({ from, to }) => from !== to);
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.array(anyWindow, { minLength: 1, maxLength: 3 }),
        // June: no clock change in any of these zones, so that minutes can be counted.
        fc.integer({ min: Date.parse('2026-06-02T00:00Z') / 60_000, max: Date.parse('2026-06-20T00:00Z') / 60_000 }),
        (timeZone, given, minuteOfEpoch) => {
          const at = minuteOfEpoch * 60_000;
          const windows = given.map(({ weekday, from, to }) => ({ days: [{ weekday, nth: null }], from, to }));
          const made: MaintenanceConfig = { timeZone, windows, freezes: [] };
          const local = localTime(timeZone);
          const expected = (moment: number): boolean => {
            const { weekday, minute } = local(moment);
            const yesterday = weekday === 1 ? 7 : weekday - 1;
            return given.some(({ weekday: day, from, to }) =>
              to > from
                ? day === weekday && minute >= from && minute < to
                : (day === weekday && minute >= from) || (day === yesterday && minute < to),
            );
          };
          assert.equal(isOpen(made, at), expected(at));
          const open = nextOpen(made, at);
          assert.ok(open !== null && open.start >= at && open.end > open.start);
          assert.ok(expected(open.start));
          assert.ok(expected(open.end - 60_000));
          for (let moment = at; moment < open.start; moment += 7 * 60_000) assert.ok(!expected(moment));
        },
      ),
      { numRuns: 300 },
    );
  });
});

it('time zones are names', () => {
  for (const zone of zones) assert.ok(isTimeZone(zone), zone);
  for (const text of ['', 'Berlin', 'Europe/Nowhere', '+02:00', '../etc']) assert.ok(!isTimeZone(text), text);
});

it('freezes are days in order that exist', () => {
  assert.deepEqual(parseFreeze('2026-12-18..2027-01-06'), { from: '2026-12-18', to: '2027-01-06' });
  assert.deepEqual(parseFreeze('2026-12-18..2026-12-18'), { from: '2026-12-18', to: '2026-12-18' });
  for (const text of ['', '2026-12-18', '2027-01-06..2026-12-18', '2026-02-30..2026-03-01', '2026-1-1..2026-1-2']) {
    assert.equal(parseFreeze(text), null, text);
  }
});

describe('a due time', () => {
  const DAY = 24 * HOUR;
  const start = Date.parse('2026-11-02T00:00Z');
  const validity = (days: number): { notBefore: number; notAfter: number } => ({
    notBefore: start,
    notAfter: start + days * DAY,
  });

  it('is moved into the next window, spread over its first hour', () => {
    const nights = plan('UTC', ['* 22:00-04:00']);
    const noon = Date.parse('2026-12-30T12:00Z');
    const at = (uniform: number): number =>
      placeDue(nights, { at: noon, reason: 'lifetime' }, validity(90), uniform).at;
    assert.equal(at(0), Date.parse('2026-12-30T22:00Z'));
    assert.equal(at(0.5), Date.parse('2026-12-30T22:30Z'));
    const night = { at: Date.parse('2026-12-30T23:11Z'), reason: 'ari-window' } as const;
    assert.deepEqual(placeDue(nights, night, validity(90), 0.5), night);
    assert.deepEqual(placeDue(null, { at: noon, reason: 'ari-window' }, validity(90), 0.5), {
      at: noon,
      reason: 'ari-window',
    });
  });

  it('takes the window before when the next one is too late, and stays when there is none', () => {
    // A certificate of 160 hours and a weekly window on its third day.
    const weekly = plan('UTC', ['Thu 02:00-04:00']);
    const validFor = { notBefore: start, notAfter: start + 160 * HOUR };
    const due = { at: start + 80 * HOUR, reason: 'lifetime' } as const;
    assert.deepEqual(placeDue(weekly, due, validFor, 0), {
      at: Date.parse('2026-11-05T02:00Z'),
      reason: 'maintenance',
    });
    assert.deepEqual(placeDue(plan('UTC', ['Mon 02:00-04:00']), due, validFor, 0), due);
    assert.deepEqual(placeDue(plan('UTC', ['Mon#5 02:00-04:00']), due, validFor, 0), due);
  });

  it('property: never later than the last twentieth unless it was, never before a third, and open when it was moved', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('* 22:00-04:00', 'Sat,Sun 02:00-05:00', 'Sat#2 01:00-05:00', 'Wed 12:00-12:30'),
        fc.constantFrom(6.67, 6.6701, 45.00001, 47, 64, 90, 200),
        fc.double({ min: 0.4, max: 0.95, noNaN: true }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (window, days, part, uniform) => {
          const made = plan('Europe/Berlin', [window]);
          const certificate = validity(days);
          const lifetime = days * DAY;
          const wanted = { at: Math.floor(start + part * lifetime), reason: 'lifetime' } as const;
          const placed = placeDue(made, wanted, certificate, uniform);
          if (placed.reason === 'lifetime') {
            assert.equal(placed.at, wanted.at);
            return;
          }
          assert.ok(isOpen(made, placed.at));
          assert.ok(placed.at <= certificate.notAfter - lifetime / 20 + 1);
          assert.ok(placed.at >= start + lifetime / 3 - 1);
        },
      ),
    );
  });
});
