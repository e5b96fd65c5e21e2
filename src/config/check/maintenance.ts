import type { Freeze, MaintenanceConfig, MaintenanceWindow, WeekdayRule } from '../../ports/maintenance.ts';
import type { CheckContext } from './context.ts';
import { type PathStep, quote } from '../config-problem.ts';
import type { SettingsInput } from '../schema/schema.ts';

const NAMES = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const DAY_PART = /^([A-Z][a-z]{2})(?:-([A-Z][a-z]{2})|#([1-5]))?$/;
const TIMES = /^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24:00))$/;

/** null when there is none, or when something is wrong with it, which is reported. */
export function checkMaintenance(
  input: SettingsInput['maintenance'],
  path: readonly PathStep[],
  { report }: CheckContext,
): MaintenanceConfig | null {
  if (input === undefined) return null;
  const { timeZone } = input;
  if (!isTimeZone(timeZone)) {
    report.problem([...path, 'timeZone'], quote(timeZone), 'the name of a time zone, such as Europe/Berlin');
  }
  const read = <T>(key: 'windows' | 'freezes', parse: (text: string) => T | null, expected: string): readonly T[] =>
    (input[key] ?? []).flatMap((text, index) => {
      const value = parse(text);
      if (value !== null) return [value];
      report.problem([...path, key, index], quote(text), expected);
      return [];
    });
  return {
    timeZone,
    windows: read('windows', parseMaintenanceWindow, 'days and times, such as "Sat,Sun 02:00-05:00"'),
    freezes: read('freezes', parseFreeze, 'first and last day, such as 2026-12-18..2027-01-06'),
  };
}

/**
 * Reads `Mon-Fri 22:00-04:00`, `Sat,Sun 00:00-24:00`, `Sat#2 01:00-05:00` (the second one of the month) or `*
 * 02:00-05:00`. Returns null for anything else.
 */
export function parseMaintenanceWindow(text: string): MaintenanceWindow | null {
  const [daysText = '', timesText = '', ...rest] = text.trim().split(/ +/);
  const times = TIMES.exec(timesText);
  const days = parseDays(daysText);
  if (times === null || days === null || rest.length > 0) return null;
  const from = Number(times[1]) * 60 + Number(times[2]);
  const to = times[5] === undefined ? Number(times[3]) * 60 + Number(times[4]) : 1440;
  return from === to ? null : { days, from, to };
}

function parseDays(text: string): readonly WeekdayRule[] | null {
  if (text === '*') return NAMES.map((_, index) => ({ weekday: index + 1, nth: null }));
  const rules: WeekdayRule[] = [];
  for (const part of text.split(',')) {
    const match = DAY_PART.exec(part);
    const first = NAMES.indexOf(match?.[1] ?? '');
    const last = match?.[2] === undefined ? first : NAMES.indexOf(match[2]);
    if (match === null || first < 0 || last < 0) return null;
    const nth = match[3] === undefined ? null : Number(match[3]);
    // `Sat-Mon` wraps around the end of the week.
    const count = (last - first + 7) % 7;
    for (let step = 0; step <= count; step += 1) rules.push({ weekday: ((first + step) % 7) + 1, nth });
  }
  return rules;
}

/** Whether this names a time zone that Node knows. */
export function isTimeZone(name: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    // Temporal accepts offsets too, but a window at a fixed offset is an hour wrong for half the year.
    return !/^[+-]/.test(name);
  } catch {
    return false;
  }
}

/**
 * Reads `2026-12-18..2027-01-06`, both days included. Returns null for anything else, also when the last day is before
 * the first.
 */
export function parseFreeze(text: string): Freeze | null {
  const match = /^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$/.exec(text.trim());
  if (match === null) return null;
  const [, from = '', to = ''] = match;
  try {
    if (Temporal.PlainDate.compare(Temporal.PlainDate.from(from), Temporal.PlainDate.from(to)) > 0) return null;
  } catch {
    return null;
  }
  return { from, to };
}
