import type { Freeze, MaintenanceConfig, MaintenanceWindow, WeekdayRule } from '../../ports/maintenance.ts';
import { type Due, EMERGENCY, type Validity } from './due-date.ts';

/** A stretch of time, milliseconds since 1970; `end` is not in it. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** A plan that opens on the fifth Saturday of months only may be closed for a quarter of a year. */
const FARTHEST_DAYS = 400;

/**
 * The next stretch that is open at `at` or later, begun no earlier than `at`; null when there is none for more than a
 * year.
 */
export function nextOpen(plan: MaintenanceConfig, at: number): Stretch | null {
  const freezes = plan.freezes.map((freeze) => freezeStretch(plan.timeZone, freeze));
  if (plan.windows.length === 0) return firstOutside(freezes, { start: at, end: Number.MAX_SAFE_INTEGER });
  const today = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(plan.timeZone).toPlainDate();
  // One that began yesterday may reach into today.
  for (let offset = -1; offset <= FARTHEST_DAYS; offset += 1) {
    const day = today.add({ days: offset });
    const open = plan.windows
      .filter(({ days }) => days.some((rule) => fits(rule, day)))
      .map((window) => windowStretch(plan.timeZone, window, day))
      .filter(({ end }) => end > at)
      .map(({ start, end }) => firstOutside(freezes, { start: Math.max(start, at), end }))
      .filter((stretch) => stretch !== null)
      .sort((a, b) => a.start - b.start);
    const [first] = open;
    if (first !== undefined) return first;
  }
  return null;
}

/** Whether changes are welcome at this moment. */
export function isOpen(plan: MaintenanceConfig, at: number): boolean {
  return nextOpen(plan, at)?.start === at;
}

/** The last stretch that is open in this one, cut to it; null when none is. */
export function lastOpenIn(plan: MaintenanceConfig, within: Stretch): Stretch | null {
  let last: Stretch | null = null;
  for (let at = within.start; at < within.end; ) {
    const open = nextOpen(plan, at);
    if (open === null || open.start >= within.end) break;
    last = { start: open.start, end: Math.min(open.end, within.end) };
    at = open.end;
  }
  return last;
}

function fits({ weekday, nth }: WeekdayRule, day: Temporal.PlainDate): boolean {
  return weekday === day.dayOfWeek && (nth === null || nth === Math.ceil(day.day / 7));
}

function windowStretch(timeZone: string, { from, to }: MaintenanceWindow, day: Temporal.PlainDate): Stretch {
  const last = to > from ? day : day.add({ days: 1 });
  return { start: instantOf(timeZone, day, from), end: instantOf(timeZone, last, to) };
}

function freezeStretch(timeZone: string, { from, to }: Freeze): Stretch {
  return {
    start: instantOf(timeZone, Temporal.PlainDate.from(from), 0),
    end: instantOf(timeZone, Temporal.PlainDate.from(to), 1440),
  };
}

/**
 * A local time that the change to summer time leaves out is taken an hour later, one that comes twice for the first
 * time.
 */
function instantOf(timeZone: string, day: Temporal.PlainDate, minutes: number): number {
  const date = day.add({ days: Math.floor(minutes / 1440) });
  const time = new Temporal.PlainTime(Math.floor(minutes / 60) % 24, minutes % 60);
  return date.toZonedDateTime({ timeZone, plainTime: time }).epochMilliseconds;
}

/** What is left of a stretch before and after frozen times: the first part. */
function firstOutside(freezes: readonly Stretch[], stretch: Stretch): Stretch | null {
  let { start, end } = stretch;
  for (const freeze of freezes.toSorted((a, b) => a.start - b.start)) {
    if (freeze.end <= start) continue;
    if (freeze.start > start) {
      end = Math.min(end, freeze.start);
      break;
    }
    start = freeze.end;
  }
  return start < end ? { start, end } : null;
}

/** Everything that waits for a window does not begin with its first second. */
const SPREAD_MS = 3_600_000;
/** No renewal is moved to before this part of the lifetime is over. */
const EARLIEST = 1 / 3;

/**
 * Moves a due time to when changes are welcome: the next open stretch, else the last one before it. Spread over the
 * first hour of the stretch by `uniform` from [0, 1). Where there is none before the last twentieth of the lifetime,
 * expiry counts for more: it stays.
 */
export function placeDue(
  plan: MaintenanceConfig | null,
  due: Due,
  { notBefore, notAfter }: Validity,
  uniform: number,
): Due {
  if (plan === null) return due;
  const lifetime = notAfter - notBefore;
  const latest = notAfter - lifetime * EMERGENCY;
  const next = nextOpen(plan, due.at);
  if (next?.start === due.at) return due;
  if (next !== null && next.start < latest) return { at: within(next, latest, uniform), reason: 'maintenance' };
  const earlier = lastOpenIn(plan, { start: Math.ceil(notBefore + lifetime * EARLIEST), end: due.at });
  return earlier === null ? due : { at: within(earlier, latest, uniform), reason: 'maintenance' };
}

function within({ start, end }: Stretch, latest: number, uniform: number): number {
  // The sum of a moment and a fraction may be rounded up to the end.
  return Math.ceil(start) + Math.floor(uniform * Math.min(end - start, latest - start, SPREAD_MS));
}
