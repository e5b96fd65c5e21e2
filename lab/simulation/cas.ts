import type { Limit } from './token-bucket.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How a simulated CA behaves. */
export interface CaProfile {
  readonly name: string;
  /** How long renewal info stands (its Retry-After); null: it has none. */
  readonly renewalInfoMs: number | null;
  /** Orders of one account. */
  readonly orders: Limit;
  /** Certificates of one registered domain. */
  readonly domain: Limit;
  /** Certificates of exactly the same names. */
  readonly exactSet: Limit;
  /**
   * Let's Encrypt's rule: renewals inside their window are not counted, those of the same names for the exact set
   * alone.
   */
  readonly exemptsRenewals: boolean;
  /** Part of the fleet that asks it first. */
  readonly share: number;
}

const domain: Limit = { capacity: 50, refillMs: (7 * DAY) / 50 };
const exactSet: Limit = { capacity: 5, refillMs: (7 * DAY) / 5 };

/** Made up, with the limits that Let's Encrypt publishes or tighter ones; see docs/simulation.md. */
export const CAS: readonly CaProfile[] = [
  {
    name: 'larch',
    renewalInfoMs: DAY,
    orders: { capacity: 300, refillMs: 36_000 },
    domain,
    exactSet,
    exemptsRenewals: true,
    share: 0.01,
  },
  {
    name: 'maple',
    renewalInfoMs: DAY,
    orders: { capacity: 200, refillMs: 90_000 },
    domain,
    exactSet,
    exemptsRenewals: true,
    share: 0.03,
  },
  {
    name: 'oak',
    renewalInfoMs: null,
    orders: { capacity: 120, refillMs: 60_000 },
    domain,
    exactSet,
    exemptsRenewals: false,
    share: 0.5,
  },
  {
    name: 'pine',
    renewalInfoMs: null,
    orders: { capacity: 60, refillMs: 90_000 },
    domain: { capacity: 100, refillMs: (7 * DAY) / 100 },
    exactSet,
    exemptsRenewals: false,
    share: 0.46,
  },
];

/** A lifetime, and the part of the fleet that has it. */
export interface Lifetime {
  readonly ms: number;
  readonly share: number;
}

/** From the shortest that a public CA offers to the longest that it may. */
export const LIFETIMES: readonly Lifetime[] = [
  { ms: 160 * HOUR, share: 0.003 },
  { ms: 45 * DAY, share: 0.04 },
  { ms: 47 * DAY, share: 0.04 },
  { ms: 64 * DAY, share: 0.08 },
  { ms: 90 * DAY, share: 0.437 },
  { ms: 200 * DAY, share: 0.4 },
];

/** The part of these that this draw from [0, 1) falls into; their shares count against each other. */
export function byShare<T extends { readonly share: number }>(items: readonly T[], uniform: number): T {
  let left = uniform * items.reduce((sum, { share }) => sum + share, 0);
  for (const item of items) {
    left -= item.share;
    if (left < 0) return item;
  }
  return items[items.length - 1] as T;
}
