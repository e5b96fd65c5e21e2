/** When changes are welcome. Plain JSON, as it stands in the configuration. */
export interface MaintenancePlan {
  /** IANA name, `Europe/Berlin`. */
  readonly timeZone: string;
  /** None: at any time. */
  readonly windows: readonly MaintenanceWindow[];
  readonly freezes: readonly Freeze[];
}

/** A stretch of local time that begins on certain days. */
export interface MaintenanceWindow {
  readonly days: readonly WeekdayRule[];
  /** Minutes since midnight, 0 to 1439. */
  readonly from: number;
  /** Minutes since midnight, 1 to 1440; not after `from`: on the next day. */
  readonly to: number;
}

export interface WeekdayRule {
  /** 1 Monday to 7 Sunday. */
  readonly weekday: number;
  /** 1 to 5: the first to the fifth of its month; null: each. */
  readonly nth: number | null;
}

/** Whole local days without changes, both included, `YYYY-MM-DD`. */
export interface Freeze {
  readonly from: string;
  readonly to: string;
}

/** A stretch of time, milliseconds since 1970; `end` is not in it. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

const NAMES = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const DAY_PART = /^([A-Z][a-z]{2})(?:-([A-Z][a-z]{2})|#([1-5]))?$/;
const TIMES = /^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24:00))$/;

/** Reads `Mon-Fri 22:00-04:00`, `Sat,Sun 00:00-24:00`, `Sat#2 01:00-05:00` (the second of the month), `* 02:00-05:00`; null for anything else. */
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
    // `Sat-Mon` goes over the end of the week.
    const count = (last - first + 7) % 7;
    for (let step = 0; step <= count; step += 1) rules.push({ weekday: ((first + step) % 7) + 1, nth });
  }
  return rules;
}

/** Whether this is a time zone that Windows and Node know. */
export function isTimeZone(name: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    // Offsets are taken too, but a maintenance window at a fixed offset is an hour wrong for half the year: only names.
    return !/^[+-]/.test(name);
  } catch {
    return false;
  }
}

/** A plan that opens on the fifth Saturday of months only may be closed for a quarter of a year. */
const FARTHEST_DAYS = 400;

/** The next stretch that is open at `at` or later, begun no earlier than `at`; null when there is none for more than a year. */
export function nextOpen(plan: MaintenancePlan, at: number): Stretch | null {
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
export function isOpen(plan: MaintenancePlan, at: number): boolean {
  return nextOpen(plan, at)?.start === at;
}

/** The last stretch that is open in this one, cut to it; null when none is. */
export function lastOpenIn(plan: MaintenancePlan, within: Stretch): Stretch | null {
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

/** A local time that the change to summer time leaves out is taken an hour later, one that comes twice for the first time. */
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
