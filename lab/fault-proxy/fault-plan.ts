import { draw, pick } from './draw.ts';
import type { NamedFault } from './fault.ts';
import { FAULTS } from './fault-table.ts';
import type { RequestKind } from './request-kind.ts';

export interface FaultPlanOptions {
  readonly seed: number;
  /** Part of the requests that meet a fault, from 0 to 1. */
  readonly rate: number;
  /** After so many faults everything passes, so that whatever is tried again and again succeeds in the end. */
  readonly limit: number;
  /** All of the table by default. */
  readonly faults?: readonly NamedFault[];
}

/**
 * Which request meets which fault: the n-th one of a kind always the same under one seed, whatever else is on its way
 * at that time.
 */
export interface FaultPlan {
  /** For the next request of this kind. */
  next(kind: RequestKind): NamedFault | null;
  /** Says that a fault really happened. One that did not, for want of something to spoil, costs nothing. */
  happened(fault: NamedFault): void;
  /** How often each happened, by name. */
  counts(): ReadonlyMap<string, number>;
}

export function createFaultPlan({ seed, rate, limit, faults = FAULTS }: FaultPlanOptions): FaultPlan {
  const seen = new Map<RequestKind, number>();
  const counts = new Map<string, number>();
  let spent = 0;
  return {
    next: (kind) => {
      const number = (seen.get(kind) ?? 0) + 1;
      seen.set(kind, number);
      if (spent >= limit || draw(seed, 'whether', kind, number) >= rate) return null;
      const [first, ...others] = faults.filter(({ on }) => on === undefined || on.includes(kind));
      return first === undefined ? null : pick([first, ...others], draw(seed, 'which', kind, number));
    },
    happened: ({ name }) => {
      spent += 1;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    },
    counts: () => counts,
  };
}
