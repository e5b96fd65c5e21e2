import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { Store } from '../../store/store.ts';
import { queuePlace, refillMs, urgentFrom } from '../schedule/token-bucket.ts';
import { type ManagedCertificate, setDue } from '../state/certificate-table.ts';
import { activeOf } from '../state/issued-table.ts';
import { openedAt } from '../state/issuer-health.ts';
import { promise, readBucket, tidyBuckets } from './buckets.ts';
import { type RateLimitedError, type Shortage, shortageOf } from './limiter.ts';

/** Whoever comes back finds a clock that moved on. */
const SHORTEST = 60_000;

/**
 * Moves a certificate that no issuer has room for to when one has, and returns that time. This is no failure: nothing
 * is counted.
 */
export async function waitForRoom(
  { store, clock, random }: { readonly store: Store; readonly clock: Clock; readonly random: Random },
  certificate: ManagedCertificate,
  { shortage: { limited, cost } }: RateLimitedError,
): Promise<number> {
  return store.commit(({ db, audit }) => {
    const now = clock.now();
    tidyBuckets(db, now);
    const at = Math.max(now + SHORTEST, firstRoom(db, certificate, now, random.uniform()));
    setDue(db, certificate.id, { at, reason: 'rate-limit' });
    audit({
      type: 'renewal.deferred',
      subject: certificate.name,
      data: {
        until: new Date(at).toISOString(),
        issuer: limited.issuer,
        limit: cost.kind,
        limited: cost.subject,
      },
    });
    return at;
  });
}

/** At the issuer that can be asked first. One that becomes urgent meanwhile may take what is kept for it. */
function firstRoom(db: DatabaseSync, certificate: ManagedCertificate, now: number, uniform: number): number {
  const { id, config } = certificate;
  const [first] = config.issuers
    .map((issuer) => {
      const shortage = shortageOf(db, certificate, issuer, now);
      return { shortage, at: Math.max(openedAt(db, id, issuer), shortage?.at ?? now) };
    })
    .toSorted((a, b) => a.at - b.at);
  if (first === undefined) return now;
  const at = first.shortage === null ? first.at : placeInQueue(db, first.shortage, now, uniform);
  const active = activeOf(db, id);
  const urgent = active === null ? at : urgentFrom(active);
  return urgent > now ? Math.min(at, urgent) : at;
}

function placeInQueue(db: DatabaseSync, { limited, cost, at, urgent }: Shortage, now: number, uniform: number): number {
  const limit = limited.limits[cost.kind];
  if (limit === null) return at;
  // Who is in a hurry does not stand behind routine.
  if (urgent) return at + Math.floor(uniform * refillMs(limit));
  const place = queuePlace(limit, at, readBucket(db, limited, cost, now).promisedAt, uniform);
  promise(db, limited, cost, place.next, now);
  return place.at;
}
