import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  isOpen,
  isTimeZone,
  lastOpenIn,
  type MaintenancePlan,
  nextOpen,
  parseMaintenanceWindow,
} from '../../src/renewal/schedule-maintenance.ts';

const HOUR = 3_600_000;

function plan(timeZone: string, windows: readonly string[], ...freezes: readonly string[]): MaintenancePlan {
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
          const made: MaintenancePlan = { timeZone, windows, freezes: [] };
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
