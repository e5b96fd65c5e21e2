import type { Cell } from './table.ts';
import { plural } from './text.ts';

/** `2026-11-23 14:05Z`: short, sortable, and in the same time zone for every reader of a log. */
export function shortTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')}Z`;
}

/** Whole days from `now` until `then`, rounded down; negative when past. */
export function daysLeft(then: number, now: number): number {
  return Math.floor((then - now) / 86_400_000);
}

/** Like `89 days`; hours below two days, `expired` when past. */
export function leftText(then: number, now: number): string {
  if (then < now) return 'expired';
  const hours = Math.floor((then - now) / 3_600_000);
  return hours < 48 ? plural(hours, 'hour') : plural(daysLeft(then, now), 'day');
}

const SOON_MS = 14 * 86_400_000;

/** Whether little of a certificate's lifetime is left: less than two weeks, and less than a third of it. */
export function expiresSoon(
  { notBefore, notAfter }: { readonly notBefore: number; readonly notAfter: number },
  now: number,
): boolean {
  return notAfter - now < Math.min(SOON_MS, (notAfter - notBefore) / 3);
}

/** Days left for the column DAYS, in hours below two days. */
export function daysCell(certificate: { readonly notBefore: number; readonly notAfter: number }, now: number): Cell {
  const { notAfter } = certificate;
  const hours = Math.floor((notAfter - now) / 3_600_000);
  if (hours < 0) return { text: String(daysLeft(notAfter, now)), style: 'red' };
  const text = hours < 48 ? `${hours} h` : String(daysLeft(notAfter, now));
  return { text, style: expiresSoon(certificate, now) ? 'yellow' : 'green' };
}

/** How far away a moment is: `in 3 d`, `in 5 h`, `2 min ago`, `now`. */
export function relativeTime(then: number, now: number): string {
  const distance = Math.abs(then - now);
  if (distance < 30_000) return 'now';
  const text =
    distance < 5_400_000
      ? `${Math.round(distance / 60_000)} min`
      : distance < 172_800_000
        ? `${Math.round(distance / 3_600_000)} h`
        : `${Math.round(distance / 86_400_000)} d`;
  return then > now ? `in ${text}` : `${text} ago`;
}
