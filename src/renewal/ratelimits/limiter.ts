import type { DatabaseSync } from 'node:sqlite';
import { EverbindError, meaningOf } from '../../errors/error.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Cost } from '../../ports/limits.ts';
import { reserveOf, roomAt } from '../schedule/token-bucket.ts';
import { readAccount } from '../state/account-table.ts';
import { issuerConfig } from '../state/applied-config.ts';
import { ariWindowOf, type ManagedCertificate } from '../state/certificate-table.ts';
import { isUrgent, lastIssuedFor } from '../state/issued-table.ts';
import { preferredIssuer, usableIssuers } from '../state/issuer-health.ts';
import { costsOf, type Renewal, setCosts } from '../state/renewal-table.ts';
import { giveBack, type LimitedIssuer, readBucket, refill, spend, tidyBuckets, toLimitedIssuer } from './buckets.ts';
import { type Exemption, failureCosts, orderCosts } from './costs.ts';

/** The bucket that an order has to wait for. */
export interface Shortage {
  readonly limited: LimitedIssuer;
  readonly cost: Cost;
  /** When there is room again, milliseconds since 1970. */
  readonly at: number;
  readonly urgent: boolean;
}

const DAY = 86_400_000;
/** How long a CA remembers which names it issued for. */
const REMEMBERED = 120 * DAY;
/** The order comes a moment after the decision, and the CA's clock may be ahead of ours. */
const MARGIN = 5 * 60_000;

/** What keeps an issuer from being asked for this certificate now; null: nothing, or it has no limits that we know. */
export function shortageOf(
  db: DatabaseSync,
  certificate: ManagedCertificate,
  issuer: string,
  now: number,
): Shortage | null {
  const limited = limitedIssuer(db, issuer);
  if (limited === null) return null;
  const urgent = isUrgent(db, certificate.id, now);
  let shortage: Shortage | null = null;
  for (const cost of needed(db, limited, certificate, now)) {
    const limit = limited.limits[cost.kind];
    if (limit === null) continue;
    const at = roomAt(limit, readBucket(db, limited, cost, now).fullAt, urgent ? 0 : reserveOf(limit));
    if (at > now && at > (shortage?.at ?? 0)) shortage = { limited, cost, at, urgent };
  }
  return shortage;
}

/** The issuers that can be asked for this certificate now and whose limits have room for it, the first choice first. */
export function issuersWithRoom(db: DatabaseSync, certificate: ManagedCertificate, now: number): readonly string[] {
  return usableIssuers(db, certificate, now).filter((issuer) => shortageOf(db, certificate, issuer, now) === null);
}

/**
 * The issuer that a new renewal begins with: the first that can be asked and has room; where none can be asked, the one
 * that can be asked first, if it has. Throws RENEWAL_RATE_LIMITED.
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

/** RENEWAL_RATE_LIMITED: none of these issuers has room; `shortages` is not empty. */
function rateLimited(shortages: readonly Shortage[]): RateLimitedError {
  const [first] = shortages.toSorted((a, b) => a.at - b.at);
  if (first === undefined) throw new Error('a certificate has an issuer');
  return new RateLimitedError(first);
}

/** No issuer has room in its limits; the shortage is that of the first one that has room again. */
export class RateLimitedError extends EverbindError {
  readonly shortage: Shortage;

  constructor(shortage: Shortage) {
    const { limited, cost, at } = shortage;
    const subject = cost.subject === '' ? '' : ` (${cost.subject})`;
    const until = new Date(at).toISOString();
    super(
      'RENEWAL_RATE_LIMITED',
      `no issuer has room for this certificate; the first is ${limited.issuer}, whose limit ${cost.kind}${subject} has room at ${until}`,
      { issuer: limited.issuer, limit: cost.kind, subject: cost.subject, until },
    );
    this.name = 'RateLimitedError';
    this.shortage = shortage;
  }
}

/** Takes what a new renewal with this issuer costs, in the transaction that begins it. A shortage grows. */
export function takeTokens(
  { db }: Transaction,
  certificate: ManagedCertificate,
  { id, issuer }: Pick<Renewal, 'id' | 'issuer'>,
  now: number,
): void {
  const limited = limitedIssuer(db, issuer);
  if (limited === null) return;
  tidyBuckets(db, now);
  const costs = orderCosts(certificate.config.identifiers, exemptionOf(db, limited, certificate, now));
  spend(db, limited, costs, now);
  if (costs.length > 0) setCosts(db, id, costs);
}

/**
 * Gives back what a renewal took, as far as its CA cannot have counted it: everything before the CA was asked or when
 * it refused the order; all but the order when a validation failed, since certificates count when they are issued.
 * `error`: why it ends; null for our own reasons.
 */
export function giveBackTokens({ db }: Transaction, { id, issuer, step }: Renewal, error: unknown, now: number): void {
  const limited = limitedIssuer(db, issuer);
  const taken = limited === null ? null : costsOf(db, id);
  if (limited === null || taken === null) return;
  const { costs } = meaningOf(error);
  const unasked = step === 'started' || step === 'key' || (step === 'order-requested' && costs === 'nothing');
  const returned = unasked ? taken : costs === 'validation' ? taken.filter(({ kind }) => kind !== 'orders') : [];
  if (returned.length === 0) return;
  giveBack(db, limited, returned, now);
  setCosts(db, id, null);
}

/** Spends what failed validations cost; nothing for other failures. */
export async function noteFailedValidations(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  { issuer, identifiers }: Pick<Renewal, 'issuer' | 'identifiers'>,
  error: unknown,
): Promise<void> {
  if (!(error instanceof EverbindError) || meaningOf(error).costs !== 'validation') return;
  const limited = store.read((db) => limitedIssuer(db, issuer));
  if (limited === null) return;
  // Where it is not said which one failed, it may have been any.
  const costs = failureCosts(error.facts.names ?? identifiers.map(({ value }) => value));
  await store.commit(({ db }) => spend(db, limited, costs, clock.now()));
}

/** The names were validated: failures in a row begin anew. */
export function noteValidated(
  { db }: Transaction,
  { issuer, identifiers }: Pick<Renewal, 'issuer' | 'identifiers'>,
): void {
  const limited = limitedIssuer(db, issuer);
  if (limited === null || limited.limits.consecutiveFailures === null) return;
  for (const cost of failureCosts(identifiers.map(({ value }) => value))) {
    if (cost.kind === 'consecutiveFailures') refill(db, limited, cost);
  }
}

function needed(
  db: DatabaseSync,
  limited: LimitedIssuer,
  certificate: ManagedCertificate,
  now: number,
): readonly Cost[] {
  const { identifiers } = certificate.config;
  const exemption = exemptionOf(db, limited, certificate, now);
  if (exemption === 'ari-window') return [];
  return [...orderCosts(identifiers, exemption), ...failureCosts(identifiers.map(({ value }) => value))];
}

/** null for an issuer without limits: nothing is looked up, nothing kept. */
function limitedIssuer(db: DatabaseSync, issuer: string): LimitedIssuer | null {
  const config = issuerConfig(db, issuer);
  if (config === null) return null;
  const limited = toLimitedIssuer(config);
  return Object.values(limited.limits).some((limit) => typeof limit === 'object' && limit !== null) ? limited : null;
}

function exemptionOf(
  db: DatabaseSync,
  { issuer, directory, limits }: LimitedIssuer,
  { id, config }: ManagedCertificate,
  now: number,
): Exemption {
  if (!limits.exemptRenewals) return 'none';
  const accountUrl = readAccount(db, { name: issuer, directory })?.url ?? null;
  const last = accountUrl === null ? null : lastIssuedFor(db, id, config.identifiers, accountUrl);
  if (last === null) return 'none';
  const window = ariWindowOf(db, id);
  const inWindow = window !== null && now >= window.start + MARGIN && now < window.end - MARGIN;
  if (inWindow && last.status === 'active') return 'ari-window';
  return last.issuedAt > now - REMEMBERED ? 'renewal' : 'none';
}
