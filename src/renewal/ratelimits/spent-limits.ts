import type { DatabaseSync } from 'node:sqlite';
import type { LimitKind } from '../../ports/limits.ts';
import { statement } from '../../store/statements.ts';
import { appliedConfig } from '../state/applied-config.ts';
import { accountOf, toLimitedIssuer } from './buckets.ts';
import { afterClockPutBack, isNearlySpent, refillMs, reserveOf, roomAt, tokensLeft } from '../schedule/token-bucket.ts';

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

/** What is nearly or fully spent, each bucket once though several issuers share it; the last to have room again first. */
export function nearlySpentLimits(db: DatabaseSync, now: number): readonly LimitState[] {
  const found = new Map<string, LimitState>();
  for (const { issuer, directory, limits } of (appliedConfig(db)?.issuers ?? []).map(toLimitedIssuer)) {
    for (const kind of [
      'orders',
      'certificatesPerDomain',
      'certificatesPerSet',
      'failures',
      'consecutiveFailures',
    ] as const) {
      const limit = limits[kind];
      if (limit === null) continue;
      const account = accountOf(issuer, kind);
      const rows = statement(
        db,
        `SELECT subject, full_at, noted_at FROM bucket WHERE directory = ? AND account = ? AND kind = ? AND full_at > ?
         ORDER BY full_at DESC LIMIT ${SHOWN}`,
      ).all(directory, account, kind, now + refillMs(limit) * (limit.count - 2 * reserveOf(limit) - 1));
      for (const row of rows) {
        const fullAt = afterClockPutBack(row['full_at'] as number, row['noted_at'] as number, now);
        if (!isNearlySpent(limit, fullAt, now)) continue;
        const subject = row['subject'] as string;
        const room = roomAt(limit, fullAt, reserveOf(limit));
        found.set(JSON.stringify([directory, account, kind, subject]), {
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

/** How many certificates wait for room. */
export function countWaiting(db: DatabaseSync): number {
  return statement(db, `SELECT count(*) AS n FROM certificate WHERE removed = 0 AND due_reason = 'rate-limit'`).get()?.[
    'n'
  ] as number;
}
