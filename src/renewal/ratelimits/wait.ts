import { EverbindError } from '../../errors/error.ts';
import { statement } from '../../store/statements.ts';
import type { Transaction } from '../../store/store.ts';
import { type Shortage, shortageOf } from './limiter.ts';
import { promise, readBucket, tidyBuckets } from './buckets.ts';
import type { RunContext } from '../engine/run-context.ts';
import { openedAt } from '../state/issuer-health.ts';
import { issuedWith } from '../state/rows.ts';
import { queueSlot, refillMs, urgentFrom } from '../schedule/token-bucket.ts';
import type { DueReason } from '../schedule/due-date.ts';
import type { ManagedCertificate, Outcome } from '../state/types.ts';

/** Whether a renewal could not begin because the limits of every issuer are spent. */
export function isRateLimited(error: unknown): error is EverbindError {
  return error instanceof EverbindError && error.code === 'RENEWAL_RATE_LIMITED';
}

/** Whoever comes back finds a clock that moved on. */
const SHORTEST = 60_000;

/** Moves a certificate that no issuer has room for to when one has. This is no failure: nothing is counted. */
export async function waitForRoom(
  { store, clock, random }: RunContext,
  certificate: ManagedCertificate,
  spent: EverbindError,
): Promise<Outcome> {
  const { id, name } = certificate;
  let nextAttempt = 0;
  await store.commit((transaction) => {
    const { db, audit } = transaction;
    const now = clock.now();
    tidyBuckets(db, now);
    nextAttempt = Math.max(now + SHORTEST, firstRoom(transaction, certificate, now, random.uniform()));
    const reason: DueReason = 'rate-limit';
    statement(db, 'UPDATE certificate SET next_due = ?, due_reason = ? WHERE id = ?').run(nextAttempt, reason, id);
    const { issuer, limit, subject } = spent.details;
    audit({
      type: 'renewal.deferred',
      subject: name,
      data: {
        until: new Date(nextAttempt).toISOString(),
        issuer: String(issuer),
        limit: String(limit),
        limited: String(subject),
      },
    });
  });
  const { code, message, action } = spent;
  return { kind: 'deferred', name, code, message, action, nextAttempt };
}

/** At the issuer that can be asked first. One that becomes urgent meanwhile may take what is kept for it. */
function firstRoom({ db }: Transaction, certificate: ManagedCertificate, now: number, uniform: number): number {
  const { id, config } = certificate;
  const open = config.issuers
    .map((issuer) => {
      const shortage = shortageOf(db, certificate, issuer, now);
      return { shortage, at: Math.max(openedAt(db, id, issuer), shortage?.at ?? now) };
    })
    .toSorted((a, b) => a.at - b.at);
  const [first] = open;
  if (first === undefined) return now;
  const at = first.shortage === null ? first.at : placeInQueue({ db }, first.shortage, now, uniform);
  const [active] = issuedWith(db, id, 'active');
  const urgent = active === undefined ? at : urgentFrom(active);
  return urgent > now ? Math.min(at, urgent) : at;
}

function placeInQueue(
  { db }: Pick<Transaction, 'db'>,
  { limited, cost, at, urgent }: Shortage,
  now: number,
  uniform: number,
): number {
  const limit = limited.limits[cost.kind];
  if (limit === null) return at;
  // Who is in a hurry does not stand behind routine.
  if (urgent) return at + Math.floor(uniform * refillMs(limit));
  const slot = queueSlot(limit, at, readBucket(db, limited, cost, now).promisedAt, uniform);
  promise(db, limited, cost, slot.next, now);
  return slot.at;
}
