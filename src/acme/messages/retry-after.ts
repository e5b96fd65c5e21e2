import { utcTime } from './timestamp.ts';

/** Whatever a CA asks for, nobody waits longer than this. */
export const MAX_RETRY_AFTER_MS = 31 * 24 * 3600 * 1000;

type Headers = Readonly<Record<string, readonly string[]>>;

/**
 * Milliseconds that a Retry-After header asks to wait, at most MAX_RETRY_AFTER_MS; null when it is absent, repeated or
 * malformed (RFC 9110 section 10.2.3). An HTTP date is compared with the Date of the same response, so that a wrong
 * clock here does no harm.
 */
export function retryAfterMs(headers: Headers, now: number): number | null {
  const [value, ...others] = headers['retry-after'] ?? [];
  if (value === undefined || others.length > 0) return null;
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, MAX_RETRY_AFTER_MS);
  const date = parseHttpDate(value);
  if (date === null) return null;
  const [sent] = headers['date'] ?? [];
  const reference = (sent === undefined ? null : parseHttpDate(sent)) ?? now;
  return Math.min(Math.max(date - reference, 0), MAX_RETRY_AFTER_MS);
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const preferred = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const rfc850 =
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const asctime = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/;

/** Milliseconds since 1970 of an HTTP date in any of its three forms (RFC 9110 section 5.6.7), or null. */
export function parseHttpDate(text: string): number | null {
  const modern = preferred.exec(text);
  if (modern !== null) return civil(modern[3], modern[2], modern[1], modern.slice(4));
  const short = rfc850.exec(text);
  // A year of two digits: RFC 9110 wants the one that is not 50 years ahead, and no CA sends a date of the last
  // century.
  if (short !== null) return civil(`20${short[3]}`, short[2], short[1], short.slice(4));
  const old = asctime.exec(text);
  return old === null ? null : civil(old[6], old[1], old[2], old.slice(3, 6));
}

function civil(
  year: string | undefined,
  month: string | undefined,
  day: string | undefined,
  clock: readonly string[],
): number | null {
  const [hour, minute, second] = clock.map(Number);
  return utcTime({
    year: Number(year),
    month: months.indexOf(month ?? '') + 1,
    day: Number(day),
    hour: hour ?? 0,
    minute: minute ?? 0,
    second: Math.min(second ?? 0, 59),
  });
}
