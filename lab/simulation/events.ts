import type { CaProfile } from './cas.ts';
import type { SeededRandom } from './random.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * A time at which a CA does not issue. `silent`: no connection; `overloaded`: 503 with Retry-After; `stuck`: takes
 * orders and does not finish them. Milliseconds since 1970.
 */
export interface Outage {
  readonly ca: string;
  readonly start: number;
  readonly end: number;
  readonly kind: 'silent' | 'overloaded' | 'stuck';
}

/** Something that happens to the whole at one moment. */
export type SimulationEvent =
  /** The CA finds that this part of its certificates must go: their windows are in the past from now on. */
  | { readonly at: number; readonly type: 'incident'; readonly ca: string; readonly part: number }
  /** The configuration changes; `move`: a part of the fleet is given to another CA at once. */
  | { readonly at: number; readonly type: 'change'; readonly move: boolean };

/** What troubles the fleet, all drawn beforehand. */
export interface Troubles {
  readonly outages: readonly Outage[];
  readonly events: readonly SimulationEvent[];
}

const kinds = ['silent', 'overloaded', 'stuck'] as const;

/**
 * Draws them: an outage every other month for each CA, one of them of two and a half days; incidents twice a year;
 * changes every ten days.
 */
export function drawTroubles(
  cas: readonly CaProfile[],
  { start, days, quietDays }: { readonly start: number; readonly days: number; readonly quietDays: number },
  random: SeededRandom,
): Troubles {
  const end = start + days * DAY;
  const outages: Outage[] = [];
  const events: SimulationEvent[] = [];
  for (const ca of cas) {
    let at = start + quietDays * DAY;
    for (;;) {
      at += (0.2 + 1.6 * random.uniform()) * 60 * DAY;
      if (at >= end) break;
      // From twenty minutes to thirty hours, short ones more often.
      const length = Math.exp(Math.log(20 * MINUTE) + random.uniform() * Math.log(90));
      outages.push(outage(ca.name, at, length, random));
    }
    const long = start + (0.3 + 0.6 * random.uniform()) * days * DAY;
    outages.push(outage(ca.name, long, 60 * HOUR, random));
    if (ca.renewalInfoMs === null) continue;
    for (let incident = 0; incident < Math.max(1, Math.round(days / 180)); incident += 1) {
      const when = start + (quietDays / days + (1 - quietDays / days) * random.uniform()) * days * DAY;
      events.push({ at: Math.floor(when), type: 'incident', ca: ca.name, part: 0.02 + 0.05 * random.uniform() });
    }
  }
  let count = 0;
  for (let at = start + quietDays * DAY; at < end; at += (5 + 10 * random.uniform()) * DAY) {
    count += 1;
    events.push({ at: Math.floor(at), type: 'change', move: count % 18 === 9 });
  }
  return {
    outages: outages.sort((one, other) => one.start - other.start),
    events: events.sort((one, other) => one.at - other.at),
  };
}

function outage(ca: string, start: number, length: number, random: SeededRandom): Outage {
  return { ca, start: Math.floor(start), end: Math.floor(start + length), kind: random.pick(kinds) };
}
