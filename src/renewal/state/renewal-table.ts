import type { DatabaseSync } from 'node:sqlite';
import { CERTIFICATE_KEY_ALGORITHMS } from '../../config/key-algorithms.ts';
import type { DeploymentConfig } from '../../config/types.ts';
import { EverbindError } from '../../errors/error.ts';
import type { Identifier } from '../../pki/x509/names.ts';
import type { DeploymentPlan, Json } from '../../ports/deployment.ts';
import type { IssuanceRequest, IssuanceState } from '../../ports/issuer.ts';
import type { CertificateKeyAlgorithm, KeyHandle } from '../../ports/key-store.ts';
import type { Cost } from '../../ports/limits.ts';
import {
  allThatFit,
  ifReadable,
  integer,
  json,
  optionalInteger,
  optionalJson,
  optionalText,
  type Row,
  text,
  word,
} from '../../store/row.ts';
import { requireWhole } from '../../store/row-digest.ts';
import { type ClockShift, shiftTimes } from '../../store/shift-times.ts';
import { statement } from '../../store/statements.ts';
import type { Store, Transaction } from '../../store/store.ts';

// The table `renewal`: the journal of all renewals, roll-backs and deployments of the certificate in use. Nothing else
// writes it. Times are milliseconds since 1970.

/** What every open renewal has. */
interface Begun {
  readonly id: string;
  readonly certificateId: number;
  readonly issuer: string;
  readonly identifiers: readonly Identifier[];
  readonly algorithm: CertificateKeyAlgorithm;
  readonly keyHandle: KeyHandle;
  /** How often in a row the bindings had to be restored for this certificate. */
  readonly rollbacks: number;
  readonly startedAt: number;
}

/** A renewal whose certificate is still to be got from the issuer. */
export type Obtaining = Begun & { readonly kind: 'renewal' } & IssuanceState;

/** `deployment`: the certificate in use is deployed again, without an order. */
export type RenewalKind = (typeof KINDS)[number];

/** One that has its certificate; so has every roll-back and every deployment of the certificate in use. */
interface HasCertificate extends Begun {
  readonly kind: RenewalKind;
  readonly issuedId: number;
}

/** The certificate is not deployed yet, or not any more. */
export interface NotDeployed extends HasCertificate {
  readonly step: 'issued' | 'installed';
}

/** Bindings may have been changed: they must be verified or restored, whatever is wanted by now. */
export interface Deploying extends HasCertificate {
  readonly step: 'planned' | 'bound' | 'restoring';
  readonly planned: readonly PlannedDeployment[];
  /** How often in a row the bindings could not be restored. */
  readonly restoreFailures: number;
}

/** A plan and the deployment that it is for, whatever the configuration says by now. */
export interface PlannedDeployment {
  readonly config: DeploymentConfig;
  readonly plan: DeploymentPlan;
}

/** An open run of the saga. Each step has exactly the fields that it has; docs/renewal.md has the table of steps. */
export type Renewal = Obtaining | NotDeployed | Deploying;

/** The last step of a renewal that is durable. */
export type RenewalStep = Renewal['step'];

export const RENEWAL_STEPS = [
  'started',
  'key',
  'order-requested',
  'ordered',
  'authorized',
  'issued',
  'installed',
  'planned',
  'bound',
  'restoring',
] as const satisfies readonly RenewalStep[];

const OBTAINING: ReadonlySet<RenewalStep> = new Set<Obtaining['step']>([
  'started',
  'key',
  'order-requested',
  'ordered',
  'authorized',
]);
const DEPLOYING: ReadonlySet<RenewalStep> = new Set<Deploying['step']>(['planned', 'bound', 'restoring']);

/** Whether the certificate is still to be got from the issuer. */
export function isObtaining(renewal: Renewal): renewal is Obtaining {
  return OBTAINING.has(renewal.step);
}

/** Whether bindings may have been changed. */
export function isDeploying(renewal: Renewal): renewal is Deploying {
  return DEPLOYING.has(renewal.step);
}

/** How a renewal ended. */
export type RenewalOutcome = 'renewed' | 'rolledBack' | 'failed' | 'superseded';
const OUTCOMES = ['renewed', 'rolledBack', 'failed', 'superseded'] as const satisfies readonly RenewalOutcome[];
const KINDS = ['renewal', 'rollback', 'deployment'] as const;

/** Throws STORE_CORRUPT for a row that is not as it was written, or lacks what its step has. */
function toRenewal(db: DatabaseSync, row: Row): Renewal {
  requireWhole(db, 'renewal', row);
  const begun: Begun = {
    id: text(row, 'id'),
    certificateId: integer(row, 'certificate_id'),
    issuer: text(row, 'issuer'),
    identifiers: json<readonly Identifier[]>(row, 'identifiers'),
    algorithm: word(row, 'algorithm', CERTIFICATE_KEY_ALGORITHMS),
    keyHandle: text(row, 'key_handle'),
    rollbacks: integer(row, 'rollbacks'),
    startedAt: integer(row, 'started_at'),
  };
  const step = word(row, 'step', RENEWAL_STEPS);
  switch (step) {
    case 'started':
    case 'key':
    case 'order-requested':
      return { ...begun, kind: 'renewal', step };
    case 'ordered':
      return {
        ...begun,
        kind: 'renewal',
        step,
        orderUrl: text(row, 'order_url'),
        accountUrl: text(row, 'account_url'),
      };
    case 'authorized':
      return {
        ...begun,
        kind: 'renewal',
        step,
        orderUrl: text(row, 'order_url'),
        accountUrl: text(row, 'account_url'),
        authorizedAt: integer(row, 'authorized_at'),
      };
    case 'issued':
    case 'installed':
      return { ...begun, kind: word(row, 'kind', KINDS), step, issuedId: integer(row, 'issued_id') };
    case 'planned':
    case 'bound':
    case 'restoring':
      return {
        ...begun,
        kind: word(row, 'kind', KINDS),
        step,
        issuedId: integer(row, 'issued_id'),
        planned: plannedOf(row),
        restoreFailures: integer(row, 'restore_failures'),
      };
  }
}

function plannedOf(row: Row): readonly PlannedDeployment[] {
  const configs = json<readonly DeploymentConfig[]>(row, 'deployments');
  const plans = json<readonly DeploymentPlan[]>(row, 'plans');
  return configs.map((config, index) => {
    const plan = plans[index];
    if (plan !== undefined && plans.length === configs.length) return { config, plan };
    throw new EverbindError('STORE_CORRUPT', 'the plans and the deployments of a renewal do not match');
  });
}

/** The renewal of this certificate that was not finished, if any. */
export function openRenewal(db: DatabaseSync, certificateId: number): Renewal | null {
  const row = statement(db, 'SELECT * FROM renewal WHERE certificate_id = ? AND outcome IS NULL').get(certificateId);
  return row === undefined ? null : toRenewal(db, row);
}

/** The same, null also when its row makes no sense: for what has to go on with the other certificates. */
export function openRenewalIfReadable(db: DatabaseSync, certificateId: number): Renewal | null {
  return ifReadable(() => openRenewal(db, certificateId));
}

/** What an issuer is told of a renewal. */
export function requestOf(name: string, renewal: Obtaining): IssuanceRequest {
  const { certificateId, id: renewalId, identifiers, algorithm, keyHandle, startedAt } = renewal;
  return { certificateId, name, renewalId, identifiers, algorithm, keyHandle, startedAt, state: renewal };
}

/** Members of an audit event's data. */
export type EventData = { readonly [key: string]: Json };

/** Every event of a renewal names it. */
export function withRenewal(id: string, data: EventData): EventData {
  return { renewal: id, ...data };
}

/**
 * Journals the start of a renewal, of a roll-back or of a deployment. The caller makes the certificate due in the same
 * transaction.
 */
export function insertRenewal({ db, audit }: Transaction, name: string, renewal: Obtaining | NotDeployed): void {
  statement(
    db,
    `INSERT INTO renewal (id, certificate_id, kind, step, issuer, identifiers, algorithm, key_handle, issued_id, started_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    renewal.id,
    renewal.certificateId,
    renewal.kind,
    renewal.step,
    renewal.issuer,
    JSON.stringify(renewal.identifiers),
    renewal.algorithm,
    renewal.keyHandle,
    'issuedId' in renewal ? renewal.issuedId : null,
    renewal.startedAt,
  );
  audit({
    type: `${renewal.kind}.started`,
    subject: name,
    data: withRenewal(renewal.id, { issuer: renewal.issuer, key: renewal.keyHandle }),
  });
}

/** What is logged with a step. */
export interface StepEvent {
  /** Type of the audit event, `order.created`. */
  readonly type: string;
  readonly data: EventData;
}

/**
 * Journals that a renewal has come to its next step: one commit that holds the step, its audit event and whatever
 * `also` does. Resolves with `next` once it is durable. Throws RENEWAL_ORDER_SHARED.
 */
export async function journalStep<T extends Renewal>(
  store: Store,
  name: string,
  before: Renewal,
  next: T,
  { type, data }: StepEvent,
  also?: (transaction: Transaction) => void,
): Promise<T> {
  await store.commit((transaction) => {
    writeStep(transaction, before, next);
    also?.(transaction);
    transaction.audit({ type, subject: name, data: withRenewal(next.id, data) });
  });
  return next;
}

/** The same inside a transaction of the caller, without an event. */
export function writeStep({ db }: Transaction, before: Renewal, next: Renewal): void {
  const { id } = next;
  const columns: [string, string | number][] = [['step', next.step]];
  if ('orderUrl' in next && !('orderUrl' in before)) {
    refuseSharedOrder(db, id, next.orderUrl);
    columns.push(['order_url', next.orderUrl], ['account_url', next.accountUrl]);
  }
  if (next.step === 'authorized') columns.push(['authorized_at', next.authorizedAt]);
  if ('issuedId' in next && !('issuedId' in before)) columns.push(['issued_id', next.issuedId]);
  if (next.step === 'planned') {
    const { planned } = next;
    columns.push(['deployments', JSON.stringify(planned.map(({ config }) => config))]);
    columns.push(['plans', JSON.stringify(planned.map(({ plan }) => plan))]);
    columns.push(['restore_failures', 0]);
  }
  if (next.step === 'restoring') columns.push(['restore_failures', next.restoreFailures]);
  if (next.rollbacks !== before.rollbacks) columns.push(['rollbacks', next.rollbacks]);
  const assignments = columns.map(([column]) => `${column} = ?`).join(', ');
  statement(db, `UPDATE renewal SET ${assignments} WHERE id = ?`).run(...columns.map(([, value]) => value), id);
}

/**
 * Some CAs respond with a pending order for the same names (Boulder does). Two renewals cannot finish one order: each
 * has its own key.
 */
function refuseSharedOrder(db: DatabaseSync, id: string, url: string): void {
  const sql = 'SELECT 1 FROM renewal WHERE order_url = ? AND outcome IS NULL AND id <> ?';
  if (statement(db, sql).get(url, id) === undefined) return;
  throw new EverbindError('RENEWAL_ORDER_SHARED', 'the CA responded with the order of another certificate', {
    order: url,
  });
}

/** Whether any renewal, open or finished, has had this order. */
export function isOrderKnown(db: DatabaseSync, url: string): boolean {
  return statement(db, 'SELECT 1 FROM renewal WHERE order_url = ?').get(url) !== undefined;
}

/**
 * Ends a renewal. The plans go once nothing has to be restored by them; where the certificate went stays known, since
 * retiring has to look there, whatever the configuration says by then.
 */
export function endRenewal(db: DatabaseSync, id: string, outcome: RenewalOutcome, now: number): void {
  statement(db, 'UPDATE renewal SET outcome = ?, finished_at = ?, plans = NULL WHERE id = ?').run(outcome, now, id);
}

/**
 * Ends an open renewal whose row makes no sense, so that the next attempt can begin anew; all that the row has is kept.
 * Its id; null when there is none.
 */
export function endUnreadable(db: DatabaseSync, certificateId: number, now: number): string | null {
  const sql =
    "UPDATE renewal SET outcome = 'failed', finished_at = ? WHERE certificate_id = ? AND outcome IS NULL RETURNING id";
  const row = statement(db, sql).get(now, certificateId);
  return row === undefined ? null : text(row, 'id');
}

/** When somebody last went back to this certificate, milliseconds since 1970; null: nobody did. */
export function rolledBackAt(db: DatabaseSync, certificateId: number, issuedId: number): number | null {
  const sql = `SELECT finished_at FROM renewal WHERE certificate_id = ? AND issued_id = ? AND kind = 'rollback'
    AND outcome = 'renewed' ORDER BY started_at DESC LIMIT 1`;
  const row = statement(db, sql).get(certificateId, issuedId);
  return row === undefined ? null : optionalInteger(row, 'finished_at');
}

/** The deployments that a certificate was planned for, as far as the journal has them. */
export function deploymentsOfIssued(
  db: DatabaseSync,
  certificateId: number,
  issuedId: number,
): readonly DeploymentConfig[] {
  const sql = 'SELECT deployments FROM renewal WHERE certificate_id = ? AND issued_id = ? AND deployments IS NOT NULL';
  return statement(db, sql)
    .all(certificateId, issuedId)
    .flatMap((row) => json<readonly DeploymentConfig[]>(row, 'deployments'));
}

/** A key that was made for a renewal which came to no certificate. */
export interface UnusedKey {
  readonly renewal: string;
  readonly key: KeyHandle;
}

export function unusedKeys(db: DatabaseSync, certificateId: number): readonly UnusedKey[] {
  const rows = statement(
    db,
    `SELECT id, key_handle FROM renewal r WHERE certificate_id = ? AND outcome IS NOT NULL AND issued_id IS NULL AND key_destroyed = 0
     AND NOT EXISTS (SELECT 1 FROM issued i WHERE i.certificate_id = r.certificate_id AND i.key_handle = r.key_handle)`,
  ).all(certificateId);
  return rows.map((row) => ({ renewal: text(row, 'id'), key: text(row, 'key_handle') }));
}

export function noteKeyDestroyed(db: DatabaseSync, id: string): void {
  statement(db, 'UPDATE renewal SET key_destroyed = 1 WHERE id = ?').run(id);
}

/** Their issuer has another name. */
export function renameRenewals(db: DatabaseSync, from: string, to: string): void {
  statement(db, 'UPDATE renewal SET issuer = ? WHERE issuer = ?').run(to, from);
}

/** Keeps what beginning this renewal took from the buckets of its issuer; null once it was given back. */
export function setCosts(db: DatabaseSync, id: string, costs: readonly Cost[] | null): void {
  const value = costs === null ? null : JSON.stringify(costs);
  statement(db, 'UPDATE renewal SET costs = ? WHERE id = ?').run(value, id);
}

export function costsOf(db: DatabaseSync, id: string): readonly Cost[] | null {
  const row = statement(db, 'SELECT costs FROM renewal WHERE id = ?').get(id);
  return row === undefined ? null : optionalJson<readonly Cost[]>(row, 'costs');
}

/** What the journal has of how a certificate was got. */
export interface ObtainedBy {
  readonly issuer: string;
  /** JSON, as the configuration had them. */
  readonly identifiers: string;
  readonly algorithm: CertificateKeyAlgorithm;
  readonly keyHandle: KeyHandle;
  readonly accountUrl: string;
  readonly outcome: RenewalOutcome | null;
  readonly startedAt: number;
}

/** By the id of the renewal; null when there is none, or its row is damaged. */
export function obtainedBy(db: DatabaseSync, id: string): ObtainedBy | null {
  const row = statement(db, 'SELECT * FROM renewal WHERE id = ?').get(id);
  if (row === undefined) return null;
  return ifReadable(() => ({
    issuer: text(requireWhole(db, 'renewal', row), 'issuer'),
    identifiers: text(row, 'identifiers'),
    algorithm: word(row, 'algorithm', CERTIFICATE_KEY_ALGORITHMS),
    keyHandle: text(row, 'key_handle'),
    accountUrl: text(row, 'account_url'),
    outcome: row['outcome'] === null ? null : word(row, 'outcome', OUTCOMES),
    startedAt: integer(row, 'started_at'),
  }));
}

/**
 * Writes a damaged row anew as that of a renewal that came to nothing: whatever it says cannot be gone on with. Its key
 * is not destroyed, since the row may name another one by now. Returns its certificate; null when the row is gone, or
 * belongs to none.
 */
export function rebuildRenewal(db: DatabaseSync, rowid: number, now: number): number | null {
  const sql = `SELECT id, certificate_id, issuer, key_handle FROM renewal WHERE rowid = ? AND certificate_id IN (SELECT id FROM certificate)`;
  const row = statement(db, sql).get(rowid);
  if (row === undefined) {
    statement(db, 'DELETE FROM renewal WHERE rowid = ?').run(rowid);
    return null;
  }
  statement(
    db,
    `INSERT OR REPLACE INTO renewal (rowid, id, certificate_id, kind, step, outcome, issuer, identifiers, algorithm, key_handle, started_at, finished_at, key_destroyed)
     VALUES (?, ?, ?, 'renewal', 'started', 'failed', ?, '[]', ?, ?, ?, ?, 1)`,
  ).run(
    rowid,
    text(row, 'id'),
    integer(row, 'certificate_id'),
    text(row, 'issuer'),
    CERTIFICATE_KEY_ALGORITHMS[0],
    text(row, 'key_handle'),
    now,
    now,
  );
  return integer(row, 'certificate_id');
}

export interface PastRenewal {
  readonly id: string;
  readonly kind: string;
  readonly outcome: RenewalOutcome | null;
  readonly step: RenewalStep;
  readonly orderUrl: string | null;
  readonly startedAt: number;
  readonly finishedAt: number | null;
}

/** The last ones of a certificate, the newest first; without those whose row is damaged. */
export function pastRenewals(db: DatabaseSync, certificateId: number, limit: number): readonly PastRenewal[] {
  const sql = 'SELECT * FROM renewal WHERE certificate_id = ? ORDER BY started_at DESC, id LIMIT ?';
  return allThatFit(statement(db, sql), certificateId, limit).flatMap(
    (row) => ifReadable(() => toPastRenewal(requireWhole(db, 'renewal', row))) ?? [],
  );
}

function toPastRenewal(row: Row): PastRenewal {
  return {
    id: text(row, 'id'),
    kind: text(row, 'kind'),
    outcome: row['outcome'] === null ? null : word(row, 'outcome', OUTCOMES),
    step: word(row, 'step', RENEWAL_STEPS),
    orderUrl: optionalText(row, 'order_url'),
    startedAt: integer(row, 'started_at'),
    finishedAt: optionalInteger(row, 'finished_at'),
  };
}

/** After the clock was put back. */
export function shiftRenewals(db: DatabaseSync, shift: ClockShift): void {
  shiftTimes(db, { table: 'renewal', columns: ['started_at', 'authorized_at'], where: 'outcome IS NULL' }, shift);
}
