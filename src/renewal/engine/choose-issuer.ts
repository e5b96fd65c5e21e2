import type { DatabaseSync } from 'node:sqlite';
import { rateLimited, type Shortage, shortageOf } from '../ratelimits/limiter.ts';
import type { ManagedCertificate } from '../state/certificate-table.ts';
import { preferredIssuer, usableIssuers } from '../state/issuer-health.ts';

/** The issuers that can be asked for this certificate now and whose limits have room for it, the first choice first. */
export function issuersWithRoom(db: DatabaseSync, certificate: ManagedCertificate, now: number): readonly string[] {
  return usableIssuers(db, certificate, now).filter((issuer) => shortageOf(db, certificate, issuer, now) === null);
}

/**
 * The issuer that a new renewal begins with: the first that can be asked and has room; where none can be asked, the one that can be asked first, if
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
