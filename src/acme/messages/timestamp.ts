const date = String.raw`(\d{4})-(\d{2})-(\d{2})`;
const time = String.raw`(\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,12}))?`;
const zone = String.raw`(?:[Zz]|UTC|([+-])(\d{2}):?(\d{2}))?`;
const pattern = new RegExp(`^ ?${date}[Tt ]${time} ?${zone} ?$`);

/**
 * Milliseconds since 1970 of an RFC 3339 time, or null. Other spellings that have one meaning are taken too: `+0000`, a
 * blank for the T or at an end, no zone at all, which is UTC (libp2p/nim-libp2p#2975). A leap second counts as the
 * second before it; fractions are cut to milliseconds.
 */
export function parseTimestamp(text: string): number | null {
  const match = text.length <= 48 ? pattern.exec(text) : null;
  if (match === null) return null;
  const part = (index: number): number => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  const offset = part(9) * 60 + part(10);
  if (second > 60 || part(9) > 23 || part(10) > 59) return null;
  const time = utcTime({ year, month, day, hour, minute, second: Math.min(second, 59) });
  if (time === null) return null;
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  return time + milliseconds - (match[8] === '-' ? -offset : offset) * 60_000;
}

/** RFC 3339 in UTC; whole seconds without a fraction. */
export function formatTimestamp(time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z');
}

/** Milliseconds since 1970 of a civil time in UTC, or null when there is no such time. */
export function utcTime(civil: {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}): number | null {
  const date = new Date(0);
  date.setUTCFullYear(civil.year, civil.month - 1, civil.day);
  date.setUTCHours(civil.hour, civil.minute, civil.second);
  const exact =
    date.getUTCFullYear() === civil.year &&
    date.getUTCMonth() === civil.month - 1 &&
    date.getUTCDate() === civil.day &&
    date.getUTCHours() === civil.hour &&
    date.getUTCMinutes() === civil.minute &&
    date.getUTCSeconds() === civil.second;
  return exact ? date.getTime() : null;
}
