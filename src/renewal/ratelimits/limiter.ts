import type { DatabaseSync } from 'node:sqlite';
import { AcmeProblemError, acmeErrorType } from '../../acme/messages/problem.ts';
import { EverbindError } from '../../errors/error.ts';
import { statement } from '../../store/statements.ts';
import type { Transaction } from '../../store/store.ts';
import { appliedConfig } from '../state/applied-config.ts';
import { type Cost, type Exemption, failureCosts, orderCosts } from './costs.ts';
import { giveBack, type LimitedIssuer, toLimitedIssuer, readBucket, spend, tidyBuckets } from './buckets.ts';
import type { RunContext } from '../engine/run-context.ts';
import { isPaused } from '../state/paused.ts';
import { reserveOf, roomAt } from '../schedule/token-bucket.ts';
import type { ManagedCertificate, Renewal } from '../state/types.ts';
import { isUrgent } from '../state/urgency.ts';

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

/** Takes what a new renewal with this issuer costs, in the transaction that begins it. There must be no shortage. */
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
  if (costs.length > 0) {
    statement(db, 'UPDATE renewal SET costs = ? WHERE id = ?').run(JSON.stringify(costs), id);
  }
}

/**
 * Gives back what a renewal took, as far as its CA cannot have counted it: everything before the CA was asked or when it refused the order; all
 * but the order when the proof failed, since certificates count when they are issued. `error`: why it ends; null for our own reasons.
 */
export function giveBackTokens({ db }: Transaction, { id, issuer }: Renewal, error: unknown, now: number): void {
  const row = statement(db, 'SELECT step, costs FROM renewal WHERE id = ?').get(id);
  const limited = limitedIssuer(db, issuer);
  if (limited === null || row === undefined || row['costs'] === null) return;
  const spent = JSON.parse(row['costs'] as string) as readonly Cost[];
  const { step } = row as { step: Renewal['step'] };
  const unasked = step === 'started' || step === 'key' || (step === 'order-requested' && isRefused(error));
  const returned = unasked ? spent : isValidationFailed(error) ? spent.filter(({ kind }) => kind !== 'orders') : [];
  if (returned.length === 0) return;
  giveBack(db, limited, returned, now);
  statement(db, 'UPDATE renewal SET costs = NULL WHERE id = ?').run(id);
}

/** A CA that limits the rate has counted more than we have: what was taken stays taken. It does not count what it has paused. */
function isRefused(error: unknown): boolean {
  if (isPaused(error)) return true;
  return (
    error instanceof AcmeProblemError && error.code === 'ACME_PROBLEM' && acmeErrorType(error.problem) !== 'rateLimited'
  );
}

function isValidationFailed(error: unknown): error is EverbindError {
  return error instanceof EverbindError && error.code === 'ACME_AUTHORIZATION_INVALID';
}

/** Spends what proofs that failed cost; nothing for other failures. */
export async function noteFailedValidations(
  { store, clock }: RunContext,
  { issuer, identifiers }: Renewal,
  error: unknown,
): Promise<void> {
  if (!isValidationFailed(error)) return;
  const limited = store.read((db) => limitedIssuer(db, issuer));
  if (limited === null) return;
  const { failed, identifier } = error.details;
  const names = Array.isArray(failed)
    ? (failed as readonly string[])
    : typeof identifier === 'string'
      ? [identifier]
      : [];
  // Where it is not said which one failed, it may have been any.
  const costs = failureCosts(names.length > 0 ? names : identifiers.map(({ value }) => value));
  await store.commit(({ db }) => spend(db, limited, costs, clock.now()));
}

/** The names were proved: failures in a row begin anew. */
export function noteValidated({ db }: Transaction, { issuer, identifiers }: Renewal): void {
  const limited = limitedIssuer(db, issuer);
  if (limited === null || limited.limits.consecutiveFailures === null) return;
  for (const { kind, subject } of failureCosts(identifiers.map(({ value }) => value))) {
    if (kind !== 'consecutiveFailures') continue;
    statement(
      db,
      `DELETE FROM bucket WHERE directory = ? AND account = ? AND kind = 'consecutiveFailures' AND subject = ?`,
    ).run(limited.directory, issuer, subject);
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
  if (exemption === 'window') return [];
  return [...orderCosts(identifiers, exemption), ...failureCosts(identifiers.map(({ value }) => value))];
}

/** null for an issuer without limits: nothing is looked up, nothing kept. */
function limitedIssuer(db: DatabaseSync, issuer: string): LimitedIssuer | null {
  const config = appliedConfig(db)?.issuers.find(({ name }) => name === issuer);
  if (config === undefined) return null;
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
  const account = statement(db, 'SELECT url FROM account WHERE issuer = ? AND directory = ?').get(issuer, directory);
  const accountUrl = account?.['url'] as string | null | undefined;
  if (accountUrl === undefined || accountUrl === null) return 'none';
  const last = statement(
    db,
    `SELECT i.id, i.status, i.issued_at FROM renewal r JOIN issued i ON i.id = r.issued_id
     WHERE r.certificate_id = ? AND r.kind = 'renewal' AND r.identifiers = ? AND i.account_url = ?
     ORDER BY r.started_at DESC LIMIT 1`,
  ).get(id, JSON.stringify(config.identifiers), accountUrl);
  if (last === undefined) return 'none';
  const window = statement(db, 'SELECT window_start, window_end FROM certificate WHERE id = ?').get(id);
  const start = window?.['window_start'] as number | null;
  const end = window?.['window_end'] as number | null;
  const inWindow = start !== null && end !== null && now >= start + MARGIN && now < end - MARGIN;
  if (inWindow && last['status'] === 'active') return 'window';
  return (last['issued_at'] as number) > now - REMEMBERED ? 'renewal' : 'none';
}
