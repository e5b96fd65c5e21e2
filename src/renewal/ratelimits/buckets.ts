import type { DatabaseSync } from 'node:sqlite';
import type { IssuerConfig } from '../../config/types.ts';
import type { LimitKind, Limits } from '../../ports/limits.ts';
import { statement } from '../../store/statements.ts';
import type { Cost } from './costs.ts';
import { limitsOf } from './known-limits.ts';
import { afterClockPutBack, afterGivingBack, afterSpending } from '../schedule/token-bucket.ts';

/** An issuer as far as its budgets go. */
export interface LimitedIssuer {
  readonly issuer: string;
  readonly directory: string;
  readonly limits: Limits;
}

/** What an issuer of the configuration may spend. */
export function toLimitedIssuer(config: IssuerConfig): LimitedIssuer {
  return { issuer: config.name, directory: config.directory, limits: limitsOf(config) };
}

/** What is known of one bucket; a full one has no row. Milliseconds since 1970. */
export interface Bucket {
  readonly fullAt: number;
  /** End of the queue of those that wait for it. */
  readonly promisedAt: number;
}

// What a CA counts for each account; the rest it counts for whoever orders.
const ofAccount: ReadonlySet<LimitKind> = new Set<LimitKind>(['orders', 'failures', 'consecutiveFailures']);

/** The account that a bucket belongs to: the issuer's name, or empty. */
export function accountOf(issuer: string, kind: LimitKind): string {
  return ofAccount.has(kind) ? issuer : '';
}

function key({ issuer, directory }: LimitedIssuer, { kind, subject }: Cost): [string, string, string, string] {
  return [directory, accountOf(issuer, kind), kind, subject];
}

/** The bucket of this cost, full where nothing is noted. */
export function readBucket(db: DatabaseSync, limited: LimitedIssuer, cost: Cost, now: number): Bucket {
  const row = statement(
    db,
    'SELECT full_at, promised_at, noted_at FROM bucket WHERE directory = ? AND account = ? AND kind = ? AND subject = ?',
  ).get(...key(limited, cost));
  if (row === undefined) return { fullAt: now, promisedAt: 0 };
  const notedAt = row['noted_at'] as number;
  return {
    fullAt: afterClockPutBack(row['full_at'] as number, notedAt, now),
    promisedAt: notedAt > now ? 0 : (row['promised_at'] as number),
  };
}

function writeBucket(
  db: DatabaseSync,
  limited: LimitedIssuer,
  cost: Cost,
  { fullAt, promisedAt }: Bucket,
  now: number,
): void {
  statement(
    db,
    `INSERT INTO bucket (directory, account, kind, subject, full_at, promised_at, noted_at) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET full_at = excluded.full_at, promised_at = excluded.promised_at, noted_at = excluded.noted_at`,
  ).run(...key(limited, cost), fullAt, promisedAt, now);
}

/** Takes a token of every bucket that the CA limits, whether there is one or not. */
export function spend(db: DatabaseSync, limited: LimitedIssuer, costs: readonly Cost[], now: number): void {
  for (const cost of costs) {
    const limit = limited.limits[cost.kind];
    if (limit === null) continue;
    const bucket = readBucket(db, limited, cost, now);
    writeBucket(db, limited, cost, { ...bucket, fullAt: afterSpending(limit, bucket.fullAt, now) }, now);
  }
}

/** Puts a token of each back. */
export function giveBack(db: DatabaseSync, limited: LimitedIssuer, costs: readonly Cost[], now: number): void {
  for (const cost of costs) {
    const limit = limited.limits[cost.kind];
    if (limit === null) continue;
    const bucket = readBucket(db, limited, cost, now);
    writeBucket(db, limited, cost, { ...bucket, fullAt: afterGivingBack(limit, bucket.fullAt) }, now);
  }
}

/** Notes how far the queue for a bucket reaches. */
export function promise(db: DatabaseSync, limited: LimitedIssuer, cost: Cost, promisedAt: number, now: number): void {
  writeBucket(db, limited, cost, { ...readBucket(db, limited, cost, now), promisedAt }, now);
}

/** Forgets the buckets that are full, and those of a time that was not: the clock was put back. */
export function tidyBuckets(db: DatabaseSync, now: number): void {
  statement(db, 'DELETE FROM bucket WHERE full_at <= ?').run(now);
  statement(
    db,
    'UPDATE bucket SET full_at = full_at - noted_at + ?, promised_at = 0, noted_at = ? WHERE noted_at > ?',
  ).run(now, now, now);
}
