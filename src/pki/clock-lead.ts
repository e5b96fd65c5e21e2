/** Clocks of CA and server may differ by this much, milliseconds. */
export const CLOCK_TOLERANCE = 5 * 60 * 1000;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * How a clock that the CA's is ahead of by `lead` milliseconds is wrong, for people; null when it is right enough. The
 * difference is told in days or hours from two of them on, in minutes below.
 */
export function clockProblem(lead: number): string | null {
  const off = Math.abs(lead);
  if (off <= CLOCK_TOLERANCE) return null;
  const [unit, word] = (
    [
      [DAY, 'day'],
      [HOUR, 'hour'],
      [MINUTE, 'minute'],
    ] as const
  ).find(([size]) => off >= 2 * size - MINUTE) ?? [MINUTE, 'minute'];
  const count = Math.floor((off + MINUTE / 2) / unit);
  return `the clock of this machine is ${count} ${word}${count === 1 ? '' : 's'} ${lead > 0 ? 'behind' : 'ahead of'} the CA's`;
}
