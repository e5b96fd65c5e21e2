import type { DatabaseSync } from 'node:sqlite';
import { integer, optionalText } from '../../store/row.ts';
import { statement } from '../../store/statements.ts';
import type { Store } from '../../store/store.ts';
import { type EventData, withRenewal } from './renewal-table.ts';

// The table `staging_run`: certificates whose next attempt is tried at the staging environment of its CA first. Nothing
// else writes it.

export interface StagingRun {
  /** Staging runs in a row that failed. */
  readonly failed: number;
  /** The account and the order at the staging environment, as far as there is one. */
  readonly accountUrl: string | null;
  readonly orderUrl: string | null;
  /** Id of the renewal that need not try at staging any more. */
  readonly over: string | null;
}

/**
 * The next attempt is tried at the staging environment first: the CA has counted this one. In the transaction that
 * notes the failure.
 */
export function wantStagingRun(db: DatabaseSync, certificateId: number): void {
  statement(db, 'INSERT OR REPLACE INTO staging_run (certificate_id) VALUES (?)').run(certificateId);
}

/** A certificate was issued: the next attempt has nothing to make up for. */
export function forgetStagingRun(db: DatabaseSync, certificateId: number): void {
  statement(db, 'DELETE FROM staging_run WHERE certificate_id = ?').run(certificateId);
}

/** A staging environment that fails this often in a row may be wrong itself: the real CA is asked then. */
const MOST_FAILED = 3;

/**
 * The staging run that a new attempt begins with, unless the certificate is in a hurry; null when the real CA is to be
 * asked: nothing happened that calls for one, or the staging environment failed too often.
 */
export function wantedStagingRun(db: DatabaseSync, certificateId: number): StagingRun | null {
  const row = statement(db, 'SELECT * FROM staging_run WHERE certificate_id = ?').get(certificateId);
  if (row === undefined || integer(row, 'failed') >= MOST_FAILED) return null;
  return {
    failed: integer(row, 'failed'),
    accountUrl: optionalText(row, 'account_url'),
    orderUrl: optionalText(row, 'order_url'),
    over: optionalText(row, 'over'),
  };
}

/** Which renewal a staging run is for. */
interface For {
  readonly certificateId: number;
  readonly name: string;
  readonly renewalId: string;
}

/** Journals the order at the staging environment, before anything is sent to it. */
export async function noteStagingOrder(
  store: Store,
  { certificateId, name, renewalId }: For,
  data: EventData & { readonly order: string; readonly account: string },
): Promise<void> {
  await store.commit(({ db, audit }) => {
    const sql = 'UPDATE staging_run SET account_url = ?, order_url = ? WHERE certificate_id = ?';
    statement(db, sql).run(data.account, data.order, certificateId);
    audit({ type: 'staging-run.order-created', subject: name, data: withRenewal(renewalId, data) });
  });
}

/** Journals how the staging run of this renewal has ended. */
export async function endStagingRun(
  store: Store,
  { certificateId, name, renewalId }: For,
  type: 'staging-run.passed' | 'staging-run.failed' | 'staging-run.skipped',
  data: EventData,
): Promise<void> {
  await store.commit(({ db, audit }) => {
    const failed = type === 'staging-run.failed';
    const sql = 'UPDATE staging_run SET over = ?, order_url = NULL, failed = failed + ? WHERE certificate_id = ?';
    // After a failed one even the same renewal tries at staging again.
    statement(db, sql).run(failed ? null : renewalId, failed ? 1 : 0, certificateId);
    audit({ type, subject: name, data: withRenewal(renewalId, data) });
  });
}
