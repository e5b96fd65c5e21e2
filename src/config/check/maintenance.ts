import type { MaintenanceConfig } from '../../ports/maintenance.ts';
import type { CheckContext } from './context.ts';
import { isTimeZone, parseFreeze, parseMaintenanceWindow } from './maintenance-text.ts';
import { type PathStep, quote } from '../config-problem.ts';
import type { SettingsInput } from '../schema/schema.ts';

/** null when there is none, and when something is wrong with it, which is reported. */
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
