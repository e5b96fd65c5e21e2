import type { LimitState } from '../../renewal/ratelimits/spent-limits.ts';
import type { Io } from '../io.ts';
import { plural, sayWrapped } from './text.ts';
import { relativeTime } from './time.ts';

/** Limits of CAs that are nearly or fully spent, and who waits for them. */
export function printRateLimits(io: Io, budgets: readonly LimitState[], waiting: number, now: number): void {
  for (const { issuer, limit, subject, left, of, roomAt } of budgets) {
    const what = subject === '' ? limit : `${limit} of ${subject}`;
    const room = roomAt === null ? '' : `, room again ${relativeTime(roomAt, now)}`;
    sayWrapped(io, 'limit          ', `${issuer}: ${what}: ${left} of ${of} left${room}`, 15);
  }
  if (waiting > 0) io.out(`waiting        ${plural(waiting, 'certificate')} for room in a limit\n`);
}
