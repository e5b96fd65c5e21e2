import type { DatabaseSync } from 'node:sqlite';
import type { ErrorCode } from '../../errors/table.ts';
import { statement } from '../../store/statements.ts';
import type { Store } from '../../store/store.ts';
import { appliedConfig } from './applied-config.ts';
import { preferredIssuer } from './issuer-health.ts';
import { type EventData, withRenewal } from './journal.ts';
import type { ManagedCertificate, Renewal } from './types.ts';
import { isUrgent } from './urgency.ts';

/** What is known of a certificate whose next attempt is tried at the staging environment of its CA first. */
export interface StagingRun {
  /** Rehearsals in a row that failed. */
  readonly failed: number;
  /** The account and the order at the staging environment, as far as there is one. */
  readonly accountUrl: string | null;
  readonly orderUrl: string | null;
  /** Id of the renewal whose rehearsal has ended, however it did. */
  readonly over: string | null;
}

// RFC 8555 section 6.7, as far as Boulder and others count it: failed authorizations, and orders that came to nothing.
const costly: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['ACME_AUTHORIZATION_INVALID', 'ACME_ORDER_INVALID']);

/** Notes a failure that counts against limits of the CA, in the transaction that notes the failure. Others change nothing. */
export function noteCostly(db: DatabaseSync, certificateId: number, code: ErrorCode): void {
  if (!costly.has(code)) return;
  statement(db, 'INSERT OR REPLACE INTO staging_run (certificate_id) VALUES (?)').run(certificateId);
}

/** A certificate was issued: the next attempt has nothing to make up for. */
export function forgetStagingRun(db: DatabaseSync, certificateId: number): void {
  statement(db, 'DELETE FROM staging_run WHERE certificate_id = ?').run(certificateId);
}

function readStagingRun(db: DatabaseSync, certificateId: number): StagingRun | null {
  const row = statement(db, 'SELECT * FROM staging_run WHERE certificate_id = ?').get(certificateId);
  if (row === undefined) return null;
  return {
    failed: row['failed'] as number,
    accountUrl: row['account_url'] as string | null,
    orderUrl: row['order_url'] as string | null,
    over: row['over'] as string | null,
  };
}

/** A staging environment that fails this often in a row may be wrong itself: the real CA is asked then. */
const MOST_FAILED = 3;

/**
 * The rehearsal that a new attempt begins with; null when the real CA is to be asked: nothing happened that calls for one, the staging environment
 * failed too often, or the certificate is in a hurry.
 */
export function wantedStagingRun(db: DatabaseSync, certificateId: number, now: number): StagingRun | null {
  const rehearsal = readStagingRun(db, certificateId);
  if (rehearsal === null || rehearsal.failed >= MOST_FAILED) return null;
  return isUrgent(db, certificateId, now) ? null : rehearsal;
}

/** Directory that the next attempt is tried at first; null: it is not. */
export function stagingDirectory(
  db: DatabaseSync,
  { id, config }: Pick<ManagedCertificate, 'id' | 'config'>,
  now: number,
): string | null {
  if (wantedStagingRun(db, id, now) === null) return null;
  const chosen = preferredIssuer(db, { id, config }, now);
  return appliedConfig(db)?.issuers.find(({ name }) => name === chosen)?.staging ?? null;
}

/** Journals the order at the staging environment, before anything is sent to it. */
export async function noteStagingOrder(
  store: Store,
  { id, name }: ManagedCertificate,
  renewal: Renewal,
  data: EventData & { readonly order: string; readonly account: string },
): Promise<void> {
  await store.commit(({ db, audit }) => {
    const sql = 'UPDATE staging_run SET account_url = ?, order_url = ? WHERE certificate_id = ?';
    statement(db, sql).run(data.account, data.order, id);
    audit({ type: 'staging-run.order-created', subject: name, data: withRenewal(renewal.id, data) });
  });
}

/** Journals how the rehearsal of this renewal has ended. */
export async function endStagingRun(
  store: Store,
  { id, name }: ManagedCertificate,
  renewal: Renewal,
  type: 'staging-run.passed' | 'staging-run.failed' | 'staging-run.skipped',
  data: EventData,
): Promise<void> {
  await store.commit(({ db, audit }) => {
    statement(
      db,
      'UPDATE staging_run SET over = ?, order_url = NULL, failed = failed + ? WHERE certificate_id = ?',
    ).run(renewal.id, type === 'staging-run.failed' ? 1 : 0, id);
    audit({ type, subject: name, data: withRenewal(renewal.id, data) });
  });
}
