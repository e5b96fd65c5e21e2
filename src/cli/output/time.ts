/** `2026-11-23 14:05Z`: short, sortable, and in the same time zone for every reader of a log. */
export function shortTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')}Z`;
}

/** Whole days from `now` until `then`, rounded down; negative when past. */
export function daysLeft(then: number, now: number): number {
  return Math.floor((then - now) / 86_400_000);
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
