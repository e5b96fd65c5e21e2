import { type DerElement, derError, TAG } from './der.ts';

/**
 * Milliseconds since 1970 of a Time (RFC 5280 section 4.1.2.5): `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`, UTC, always with
 * seconds, no fractions. `canonical` is false for a GeneralizedTime before 2050, which belongs in a UTCTime.
 */
export function readTime(element: DerElement): { ms: number; canonical: boolean } {
  const { source, content, end, tag } = element;
  const digits = tag === TAG.utcTime ? 12 : tag === TAG.generalizedTime ? 14 : 0;
  if (digits === 0 || end - content !== digits + 1 || source[end - 1] !== 0x5a) throw derError('a time', element.start);
  const pair = (offset: number): number => {
    const tens = (source[offset] ?? 0) - 0x30;
    const ones = (source[offset + 1] ?? 0) - 0x30;
    if (tens < 0 || tens > 9 || ones < 0 || ones > 9) throw derError('a time with something other than digits', offset);
    return tens * 10 + ones;
  };
  const fields = end - 11;
  const short = pair(fields - 2);
  const year = digits === 14 ? pair(content) * 100 + short : short < 50 ? 2000 + short : 1900 + short;
  const [month, day] = [pair(fields), pair(fields + 2)];
  const [hour, minute, second] = [pair(fields + 4), pair(fields + 6), pair(fields + 8)];
  const days = month === 2 ? (isLeap(year) ? 29 : 28) : (MONTHS[month - 1] ?? 0);
  if (day < 1 || day > days || hour > 23 || minute > 59 || second > 59) {
    throw derError('a time that does not exist', element.start);
  }
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  return { ms: date.getTime(), canonical: digits === 12 || year >= 2050 || year < 1950 };
}

const MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}
