import type { DatabaseSync } from 'node:sqlite';
import { EverbindError } from '../../errors/error.ts';
import { type Shortage, shortageOf } from '../ratelimits/limiter.ts';
import { preferredIssuer, usableIssuers } from '../state/issuer-health.ts';
import type { ManagedCertificate } from '../state/types.ts';

/** The issuers that can be asked for this certificate now and whose limits have room for it, the first choice first. */
export function issuersWithRoom(db: DatabaseSync, certificate: ManagedCertificate, now: number): readonly string[] {
  return usableIssuers(db, certificate, now).filter((issuer) => shortageOf(db, certificate, issuer, now) === null);
}

/**
 * The issuer that a new renewal begins with: the first that can be asked and has room; where all are left alone, the one that comes back first if
 * it has. Throws RENEWAL_RATE_LIMITED.
 */
export function chooseIssuer(db: DatabaseSync, certificate: ManagedCertificate, now: number): string {
  const usable = usableIssuers(db, certificate, now);
  const candidates = usable.length > 0 ? usable : [preferredIssuer(db, certificate, now)];
  const shortages: Shortage[] = [];
  for (const issuer of candidates) {
    const shortage = shortageOf(db, certificate, issuer, now);
    if (shortage === null) return issuer;
    shortages.push(shortage);
  }
  throw rateLimited(shortages);
}

/** Throws RENEWAL_RATE_LIMITED when this issuer has no room for the certificate. */
export function requireRoom(db: DatabaseSync, certificate: ManagedCertificate, issuer: string, now: number): string {
  const shortage = shortageOf(db, certificate, issuer, now);
  if (shortage !== null) throw rateLimited([shortage]);
  return issuer;
}

function rateLimited(shortages: readonly Shortage[]): EverbindError {
  const [first] = shortages.toSorted((a, b) => a.at - b.at);
  if (first === undefined) throw new Error('a certificate has an issuer');
  const { limited, cost, at } = first;
  const subject = cost.subject === '' ? '' : ` (${cost.subject})`;
  const until = new Date(at).toISOString();
  return new EverbindError(
    'RENEWAL_RATE_LIMITED',
    `no issuer has room for this certificate; the first is ${limited.issuer}, whose limit ${cost.kind}${subject} has room at ${until}`,
    { issuer: limited.issuer, limit: cost.kind, subject: cost.subject, until },
  );
}
