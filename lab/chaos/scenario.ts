import type { ChoiceOrder } from '../sim-windows/serving/certificate-choice.ts';
import { draw, pick } from '../fault-proxy/draw.ts';

/** What a seed is like beside its faults and kills. */
export interface Scenario {
  readonly issuers: 1 | 2;
  /** Renewals at a time. */
  readonly concurrency: number;
  /** Part of the requests that meet a fault. */
  readonly rate: number;
  /** Faults in all, at each issuer. */
  readonly limit: number;
  /** How far the CA's clock is ahead of the right time, ms. */
  readonly skewMs: number;
  /** Retry-After of the CA while it works, seconds; 0: none. */
  readonly retryAfterSeconds: number;
  /** Which record http.sys prefers: sources disagree. */
  readonly choiceOrder: ChoiceOrder;
}

const MINUTE = 60_000;
const HOUR = 3_600_000;

export function scenarioOf(seed: number): Scenario {
  const of = (what: string): number => draw(seed, 'scenario', what);
  return {
    issuers: of('issuers') < 0.3 ? 2 : 1,
    concurrency: pick([1, 1, 4], of('concurrency')),
    rate: pick([0.1, 0.2, 0.35], of('rate')),
    limit: pick([8, 16, 24], of('limit')),
    skewMs: pick([0, 0, 3 * MINUTE, -3 * MINUTE, 2 * HOUR, -2 * HOUR, 30 * HOUR, -30 * HOUR], of('skew')),
    retryAfterSeconds: pick([0, 3], of('retry-after')),
    choiceOrder: pick(['host-first', 'address-first'], of('choice-order')),
  };
}
