import type { DatabaseSync } from 'node:sqlite';
import type { IssuerConfig } from '../../config/types.ts';
import type { Cost, LimitKind, Limits } from '../../ports/limits.ts';
import { integer, text } from '../../store/row.ts';
import { statement } from '../../store/statements.ts';
import { afterClockPutBack, afterGivingBack, afterSpending } from '../schedule/token-bucket.ts';
import { limitsOf } from './known-limits.ts';

// The table `bucket`: what the limits of CAs still allow. Nothing else writes it. Times are milliseconds since 1970.

/** An issuer as far as its limits go. */
export interface LimitedIssuer {
  readonly issuer: string;
  readonly directory: string;
  readonly limits: Limits;
}

/** An issuer of the configuration with its limits. */
export function toLimitedIssuer(config: IssuerConfig): LimitedIssuer {
  return { issuer: config.name, directory: config.directory, limits: limitsOf(config) };
}

/** What is known of one bucket; a full one has no row. */
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

/** The issuer has another name: the CA counts on for its account. */
export function renameBuckets(db: DatabaseSync, from: string, to: string): void {
  statement(db, 'UPDATE OR REPLACE bucket SET account = ? WHERE account = ?').run(to, from);
}

/** The bucket of this cost, full where nothing is noted. */
export function readBucket(db: DatabaseSync, limited: LimitedIssuer, cost: Cost, now: number): Bucket {
  const row = statement(
    db,
    'SELECT full_at, promised_at, noted_at FROM bucket WHERE directory = ? AND account = ? AND kind = ? AND subject = ?',
  ).get(...key(limited, cost));
  if (row === undefined) return { fullAt: now, promisedAt: 0 };
  const notedAt = integer(row, 'noted_at');
  return {
    fullAt: afterClockPutBack(integer(row, 'full_at'), notedAt, now),
    promisedAt: notedAt > now ? 0 : integer(row, 'promised_at'),
  };
}

/** A bucket of one kind and what it is for. */
export interface SubjectBucket {
  readonly subject: string;
  readonly fullAt: number;
}

/** Those of one kind that are full after this moment at the earliest, the last to be full first. */
export function emptiest(
  db: DatabaseSync,
  { issuer, directory }: LimitedIssuer,
  kind: LimitKind,
  { fullAfter, now, most }: { readonly fullAfter: number; readonly now: number; readonly most: number },
): readonly SubjectBucket[] {
  return statement(
    db,
    `SELECT subject, full_at, noted_at FROM bucket WHERE directory = ? AND account = ? AND kind = ? AND full_at > ?
     ORDER BY full_at DESC LIMIT ?`,
  )
    .all(directory, accountOf(issuer, kind), kind, fullAfter, most)
    .map((row) => ({
      subject: text(row, 'subject'),
      fullAt: afterClockPutBack(integer(row, 'full_at'), integer(row, 'noted_at'), now),
    }));
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

/** The bucket is full again. */
export function refill(db: DatabaseSync, limited: LimitedIssuer, cost: Cost): void {
  const sql = 'DELETE FROM bucket WHERE directory = ? AND account = ? AND kind = ? AND subject = ?';
  statement(db, sql).run(...key(limited, cost));
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
