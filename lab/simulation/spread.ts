import type { BrokenRules } from './broken.ts';
import type { Outage } from './events.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Outside of troubles no hour may have more than this many times the mean, and a few by chance. */
export const PEAK = 6;
const CHANCE = 12;

/** Counts by CA and hour, for the promise of spread and for the plot. */
export interface Spread {
  readonly start: number;
  /** Certificates by CA, an hour each. */
  readonly hours: ReadonlyMap<string, Uint32Array>;
  count(ca: string, at: number): void;
  /** From this moment on there is a reason for more, for a day. */
  disturbed(at: number): void;
  /** The greatest hour of all quiet ones, as a multiple of the mean of all; notes what is too much. */
  judge(outages: readonly Outage[], broken: BrokenRules): number;
}

export function createSpread(cas: readonly string[], start: number, days: number): Spread {
  const hours = new Map(cas.map((ca) => [ca, new Uint32Array(days * 24 + 2)]));
  const loud = new Uint8Array(days * 24 + 2);
  const disturb = (from: number, to: number): void => {
    loud.fill(1, Math.max(0, Math.floor((from - start) / HOUR)), Math.max(0, Math.ceil((to - start) / HOUR)));
  };
  return {
    start,
    hours,
    count: (ca, at) => {
      const list = hours.get(ca);
      const index = Math.floor((at - start) / HOUR);
      if (list?.[index] !== undefined) list[index] += 1;
    },
    disturbed: (at) => disturb(at, at + DAY),
    judge: (outages, broken) => {
      for (const outage of outages) disturb(outage.start, outage.end + DAY);
      let greatest = 0;
      for (const [ca, list] of hours) {
        const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
        for (const [index, value] of list.entries()) {
          if (loud[index] === 1 || mean === 0) continue;
          greatest = Math.max(greatest, (value - CHANCE) / mean);
          if (value > PEAK * mean + CHANCE) {
            broken.note('spread', start + index * HOUR, `${ca}: ${value} in an hour, ${mean.toFixed(1)} on average`);
          }
        }
      }
      return greatest;
    },
  };
}
