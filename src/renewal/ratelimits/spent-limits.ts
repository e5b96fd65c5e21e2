import type { DatabaseSync } from 'node:sqlite';
import type { LimitKind } from '../../ports/limits.ts';
import { isNearlySpent, refillMs, reserveOf, roomAt, tokensLeft } from '../schedule/token-bucket.ts';
import { appliedConfig } from '../state/applied-config.ts';
import { accountOf, emptiest, toLimitedIssuer } from './buckets.ts';

/** A limit of a CA that is nearly or fully spent, by our own count. */
export interface LimitState {
  readonly issuer: string;
  readonly limit: LimitKind;
  /** A name, a registered domain, a set of names; empty: the account. */
  readonly subject: string;
  readonly left: number;
  readonly of: number;
  /** When routine has room again, milliseconds since 1970; null: it has. */
  readonly roomAt: number | null;
}

/** Of each kind of each issuer the worst few. */
const SHOWN = 10;
const KINDS: readonly LimitKind[] = [
  'orders',
  'certificatesPerDomain',
  'certificatesPerSet',
  'failures',
  'consecutiveFailures',
];

/**
 * What is nearly or fully spent, each bucket once though several issuers share it; the last to have room again first.
 */
export function nearlySpentLimits(db: DatabaseSync, now: number): readonly LimitState[] {
  const found = new Map<string, LimitState>();
  for (const limited of (appliedConfig(db)?.issuers ?? []).map(toLimitedIssuer)) {
    const { issuer, directory, limits } = limited;
    for (const kind of KINDS) {
      const limit = limits[kind];
      if (limit === null) continue;
      const fullAfter = now + refillMs(limit) * (limit.count - 2 * reserveOf(limit) - 1);
      for (const { subject, fullAt } of emptiest(db, limited, kind, { fullAfter, now, most: SHOWN })) {
        if (!isNearlySpent(limit, fullAt, now)) continue;
        const room = roomAt(limit, fullAt, reserveOf(limit));
        found.set(JSON.stringify([directory, accountOf(issuer, kind), kind, subject]), {
          issuer,
          limit: kind,
          subject,
          left: tokensLeft(limit, fullAt, now),
          of: limit.count,
          roomAt: room > now ? room : null,
        });
      }
    }
  }
  return [...found.values()].toSorted((a, b) => (b.roomAt ?? 0) - (a.roomAt ?? 0));
}
