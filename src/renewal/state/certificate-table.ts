import type { DatabaseSync } from 'node:sqlite';
import type { CertificateConfig, DeploymentConfig } from '../../config/types.ts';
import { EverbindError } from '../../errors/error.ts';
import type { ErrorCode } from '../../errors/table.ts';
import type { Drift } from '../../ports/deployment.ts';
import {
  flag,
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
import { type Dated, type Due, DUE_REASONS, type DueReason, dueAfterRollBack, dueAt } from '../schedule/due-date.ts';
import { rolledBackAt } from './renewal-table.ts';

// The table `certificate`: what is managed, when it is due, what its CA said of its ARI window. Nothing else writes it.
// Times are milliseconds since 1970.

/** A managed certificate as the database has it. */
export interface ManagedCertificate {
  readonly id: number;
  readonly name: string;
  readonly config: CertificateConfig;
  readonly nextDue: number;
  readonly dueReason: DueReason;
  /** The certificate in use is to be deployed again: see requestDeployment. */
  readonly redeploy: boolean;
  readonly failures: number;
  readonly lastError: LastError | null;
  readonly removed: boolean;
}

export interface LastError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly at: number;
}

/**
 * Of a row of `certificate`: it has deployments, and since the last one no endpoint serves it. Every binding was
 * skipped, or there is none. Damaged JSON must not end a question about all rows.
 */
export const SERVED_NOWHERE = `endpoints = 0 AND iif(json_valid(config), json_array_length(config, '$.deployments'), 0) > 0`;

/**
 * Of a row of `certificate`: endpoints were looked at since the last deployment, and none showed it. They failed in the
 * same way before, or another record serves them.
 */
export const UNVERIFIED = 'verified = 0';

/** Of a row of `certificate`: it has endpoints, and none could be looked at since the last deployment. */
export const NOT_CHECKED = 'verified IS NULL AND endpoints > 0';

/** Of a row of `certificate`: the last look found that something is not as it was deployed. */
export const DRIFTED = 'drift IS NOT NULL';

/** Of a row of `certificate`: visitors got another certificate at a declared place after the last deployment. */
export const PARTLY_SERVED = 'other_certificate IS NOT NULL AND endpoints > 0';

/** From all columns of its row. Throws STORE_CORRUPT when the row is not as it was written. */
export function toCertificate(db: DatabaseSync, row: Row): ManagedCertificate {
  requireWhole(db, 'certificate', row);
  return {
    id: integer(row, 'id'),
    name: text(row, 'name'),
    config: json<CertificateConfig>(row, 'config'),
    nextDue: integer(row, 'next_due'),
    dueReason: word(row, 'due_reason', DUE_REASONS),
    redeploy: flag(row, 'redeploy'),
    failures: integer(row, 'failures'),
    lastError: optionalJson<LastError>(row, 'last_error'),
    removed: flag(row, 'removed'),
  };
}

/** Also one that is no longer declared; null when there is none. */
export function certificateById(db: DatabaseSync, id: number): ManagedCertificate | null {
  const row = statement(db, 'SELECT * FROM certificate WHERE id = ?').get(id);
  return row === undefined ? null : toCertificate(db, row);
}

/** The same, null also when its row is damaged: for what has to go on with the other certificates. */
export function certificateIfReadable(db: DatabaseSync, id: number): ManagedCertificate | null {
  return ifReadable(() => certificateById(db, id));
}

/** Declared ones alone; null when there is none. */
export function certificateByName(db: DatabaseSync, name: string): ManagedCertificate | null {
  const row = statement(db, 'SELECT * FROM certificate WHERE name = ? AND removed = 0').get(name);
  return row === undefined ? null : toCertificate(db, row);
}

/** Declared ones alone. Throws RENEWAL_UNKNOWN_CERTIFICATE. */
export function requireCertificate(db: DatabaseSync, name: string): ManagedCertificate {
  const certificate = certificateByName(db, name);
  if (certificate !== null) return certificate;
  throw new EverbindError('RENEWAL_UNKNOWN_CERTIFICATE', `there is no managed certificate ${name}`, { name });
}

/** A certificate as it stood before the configuration changed; `config` is its JSON. */
export interface DeclaredBefore {
  readonly id: number;
  readonly config: string;
  readonly removed: boolean;
  readonly failures: number;
}

/** What was declared so far, by name: the JSON of the configuration as it is kept, and how the certificate fares. */
export function declaredBefore(db: DatabaseSync): Map<string, DeclaredBefore> {
  const rows = statement(db, 'SELECT id, name, config, removed, failures FROM certificate').all();
  return new Map(
    rows.map((row) => [
      text(row, 'name'),
      {
        id: integer(row, 'id'),
        config: text(row, 'config'),
        removed: flag(row, 'removed'),
        failures: integer(row, 'failures'),
      },
    ]),
  );
}

/** Declares a new certificate, which is due now. */
export function insertCertificate(db: DatabaseSync, config: CertificateConfig, now: number): void {
  const sql = `INSERT INTO certificate (name, config, next_due, due_reason) VALUES (?, ?, ?, 'new')`;
  statement(db, sql).run(config.name, JSON.stringify(config), now);
}

/** What is left of a damaged row. */
export interface DamagedCertificate {
  readonly id: number;
  /** The names that its columns `name` and `config` have, as far as they can be read; one of them may be damaged. */
  readonly names: readonly string[];
}

/** Names of all certificates, without those whose rows are damaged: these ids. */
export function wholeNames(db: DatabaseSync, damaged: readonly number[]): ReadonlySet<string> {
  const sql = 'SELECT name FROM certificate WHERE id NOT IN (SELECT value FROM json_each(?))';
  const rows = statement(db, sql).all(JSON.stringify(damaged));
  return new Set(rows.map((row) => text(row, 'name')));
}

/** Also of one that is no longer declared; null when there is none. */
export function certificateIdOf(db: DatabaseSync, name: string): number | null {
  const row = statement(db, 'SELECT id FROM certificate WHERE name = ?').get(name);
  return row === undefined ? null : integer(row, 'id');
}

/** What is left of this row. */
export function damagedCertificate(db: DatabaseSync, id: number): DamagedCertificate {
  const sql = `SELECT name, iif(json_valid(config), json_extract(config, '$.name'), NULL) AS declared FROM certificate WHERE id = ?`;
  const row = statement(db, sql).get(id) ?? {};
  return { id, names: [row['name'], row['declared']].filter((name) => typeof name === 'string') };
}

/**
 * Writes the row of a certificate anew under its id, from its declaration; nothing of the damaged one is kept.
 * `deployed`: it has a certificate in use, and whether endpoints serve it is not known any more.
 */
export function rebuildCertificate(
  db: DatabaseSync,
  id: number,
  config: CertificateConfig,
  { due, deployed, removed, now }: Rebuilt & { readonly now: number },
): void {
  const endpoints = config.deployments.length === 0 ? null : config.deployments.length;
  statement(
    db,
    `INSERT OR REPLACE INTO certificate (id, name, config, removed, next_due, due_reason, next_poll, endpoints)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    id,
    config.name,
    JSON.stringify(config),
    removed ? 1 : 0,
    due.at,
    due.reason,
    deployed ? now : null,
    deployed ? endpoints : null,
  );
}

/** What a row that is written anew says beside its declaration. */
export interface Rebuilt {
  readonly due: Due;
  readonly deployed: boolean;
  /** It is not declared. */
  readonly removed: boolean;
}

/** Keeps another configuration; the certificate is declared from now on. */
export function updateConfig(db: DatabaseSync, id: number, config: CertificateConfig): void {
  statement(db, 'UPDATE certificate SET config = ?, removed = 0 WHERE id = ?').run(JSON.stringify(config), id);
}

/** The certificate is no longer declared. Its history stays. */
export function markRemoved(db: DatabaseSync, id: number): void {
  statement(db, 'UPDATE certificate SET removed = 1 WHERE id = ?').run(id);
}

/** What has happened when a certificate becomes due at another time. */
export type DueEvent =
  /** Its configuration changed, a person revoked it, an attempt ended, or its work was put off. */
  | 'settled'
  /** The CA was asked for its ARI window. */
  | 'polled'
  /** A renewal was begun, or a deployment is wanted: what is open is due. */
  | 'begun'
  /** An issuer is configured otherwise, or gone. */
  | 'issuer-changed';

interface Precedence {
  /** The reasons that the event may replace. */
  readonly over: readonly DueReason[];
  /** It only brings the certificate forward. */
  readonly onlyEarlier: boolean;
  /** The reason that stood stays. */
  readonly keepsReason: boolean;
}

/** What comes before what: the one place that says whether an event may replace the due date that stands. */
const PRECEDENCE: Readonly<Record<DueEvent, Precedence>> = {
  settled: { over: DUE_REASONS, onlyEarlier: false, keepsReason: false },
  // A person's wish, a failure and a change count for more than the advice of a CA.
  polled: { over: ['lifetime', 'ari-window', 'maintenance'], onlyEarlier: false, keepsReason: false },
  // A run that dies in a renewal must not leave half-changed bindings alone for weeks.
  begun: { over: DUE_REASONS, onlyEarlier: true, keepsReason: false },
  // Whoever fixed the issuer wants to see what failed, or waited for its limits, tried again.
  'issuer-changed': { over: ['retry', 'rate-limit', 'issuer-closed'], onlyEarlier: true, keepsReason: true },
};

/**
 * Makes a certificate due, unless what stands comes before the event. Nothing else decides or writes when a certificate
 * is due.
 */
export function setDue(db: DatabaseSync, id: number, due: Due, event: DueEvent = 'settled'): void {
  writeDue(db, due, event, 'id = ?', id);
}

/** The same for every certificate. */
export function setDueOfAll(db: DatabaseSync, due: Due, event: DueEvent): void {
  writeDue(db, due, event, 'true');
}

function writeDue(db: DatabaseSync, { at, reason }: Due, event: DueEvent, where: string, ...ids: number[]): void {
  const { over, onlyEarlier, keepsReason } = PRECEDENCE[event];
  const conditions = [
    where,
    ...(over === DUE_REASONS ? [] : [`due_reason IN (${over.map((word) => `'${word}'`).join(', ')})`]),
    ...(onlyEarlier ? ['next_due > ?'] : []),
  ];
  const sql = `UPDATE certificate SET next_due = ?, due_reason = ${keepsReason ? 'due_reason' : '?'} WHERE ${conditions.join(' AND ')}`;
  statement(db, sql).run(at, ...(keepsReason ? [] : [reason]), ...ids, ...(onlyEarlier ? [at] : []));
}

/**
 * Has the certificate in use deployed again at once, by the configuration as it is then, without an order; for one that
 * is to be renewed anyway the renewal does it. The wish stands until a plan is journaled that was made after it. What a
 * look found before counts no more: nothing is spared for it.
 */
export function requestDeployment(db: DatabaseSync, id: number, now: number): void {
  statement(db, 'UPDATE certificate SET redeploy = 1, drift = NULL WHERE id = ?').run(id);
  setDue(db, id, { at: now, reason: 'redeploy' }, 'begun');
}

/** A plan was made by the present configuration, or there is nowhere to deploy to. */
export function noteDeploymentPlanned(db: DatabaseSync, id: number): void {
  statement(db, 'UPDATE certificate SET redeploy = 0 WHERE id = ?').run(id);
}

/** Whether the certificate in use is to be deployed again. */
export function isDeploymentRequested(db: DatabaseSync, id: number): boolean {
  return statement(db, 'SELECT 1 FROM certificate WHERE id = ? AND redeploy = 1').get(id) !== undefined;
}

/** Notes why an attempt failed. `counts`: one more failure in a row. */
export function noteFailure(db: DatabaseSync, id: number, error: LastError, counts: boolean): void {
  statement(db, 'UPDATE certificate SET failures = failures + ?, last_error = ? WHERE id = ?').run(
    counts ? 1 : 0,
    JSON.stringify(error),
    id,
  );
}

/** Failures in a row begin anew; the last error stays to be seen. */
export function forgetFailures(db: DatabaseSync, id: number): void {
  statement(db, 'UPDATE certificate SET failures = 0 WHERE id = ?').run(id);
}

/** What the targets of one deployment were when they were last looked at: those that hold the certificate in use. */
export interface Held {
  readonly config: DeploymentConfig;
  readonly targets: readonly string[];
}

/** What was found the last time that the server was compared with what was deployed. */
export interface Look {
  readonly held: readonly Held[];
  readonly drift: readonly Drift[];
  /** When to look again; null: never. */
  readonly nextLook: number | null;
}

/** Nothing before the first look. */
export function heldOf(db: DatabaseSync, id: number): readonly Held[] {
  const row = statement(db, 'SELECT held FROM certificate WHERE id = ?').get(id);
  return (row === undefined ? null : optionalJson<readonly Held[]>(row, 'held')) ?? [];
}

/** What is not as it was deployed; empty when all is, or when nobody has looked. */
export function driftOf(db: DatabaseSync, id: number): readonly Drift[] {
  const row = statement(db, 'SELECT drift FROM certificate WHERE id = ?').get(id);
  return (row === undefined ? null : optionalJson<readonly Drift[]>(row, 'drift')) ?? [];
}

export function noteLook(db: DatabaseSync, id: number, { held, drift, nextLook }: Look): void {
  statement(db, 'UPDATE certificate SET held = ?, drift = ?, next_look = ? WHERE id = ?').run(
    JSON.stringify(held),
    drift.length === 0 ? null : JSON.stringify(drift),
    nextLook,
    id,
  );
}

/** Looks at it then, and not before. */
export function lookLater(db: DatabaseSync, id: number, at: number | null): void {
  statement(db, 'UPDATE certificate SET next_look = ? WHERE id = ?').run(at, id);
}

/** Where a certificate is in use. */
export interface DeployedAt {
  /** How many endpoints it is meant for, those included that nobody could look at; null: it has no deployment. */
  readonly endpoints: number | null;
  /** How many of those that were looked at showed it; null: none was looked at. */
  readonly verified: number | null;
  /** Declared places where visitors get another certificate, in the operator's words. */
  readonly otherCertificate: readonly string[];
}

/** As many places as anybody reads. */
const MOST_PLACES = 100;

/** A certificate is in use. */
export function noteDeployed(
  db: DatabaseSync,
  id: number,
  { endpoints, verified, otherCertificate }: DeployedAt,
): void {
  const sql = `UPDATE certificate SET failures = 0, last_error = NULL, endpoints = ?, verified = ?, other_certificate = ?
    WHERE id = ?`;
  const places = otherCertificate.length === 0 ? null : JSON.stringify(otherCertificate.slice(0, MOST_PLACES));
  statement(db, sql).run(endpoints, verified, places, id);
}

/**
 * Another certificate is in use: the ARI window was that of the one before, and the CA is asked for its own at once.
 */
export function forgetAriWindow(db: DatabaseSync, id: number, now: number): void {
  statement(
    db,
    `UPDATE certificate SET window_start = NULL, window_end = NULL, selected = NULL, explanation_url = NULL, next_poll = ?
     WHERE id = ?`,
  ).run(now, id);
}

/** The CA's ARI window (RFC 9773) and the moment drawn in it. */
export interface AriWindow {
  readonly start: number;
  readonly end: number;
  readonly selected: number;
  readonly explanationUrl: string | null;
}

/** null: the CA has not said one. */
export function ariWindowOf(db: DatabaseSync, id: number): AriWindow | null {
  const sql = 'SELECT window_start, window_end, selected, explanation_url FROM certificate WHERE id = ?';
  const row = statement(db, sql).get(id);
  const start = row === undefined ? null : optionalInteger(row, 'window_start');
  if (row === undefined || start === null) return null;
  return {
    start,
    end: integer(row, 'window_end'),
    selected: integer(row, 'selected'),
    explanationUrl: optionalText(row, 'explanation_url'),
  };
}

/** When the certificate in use is due, whatever has come between. */
export function dueInUse(
  db: DatabaseSync,
  active: Dated & { readonly id: number; readonly certificateId: number },
): Due {
  const at = rolledBackAt(db, active.certificateId, active.id);
  return at === null
    ? dueAt(active, ariWindowOf(db, active.certificateId)?.selected ?? null)
    : dueAfterRollBack(active, at);
}

export function setAriWindow(db: DatabaseSync, id: number, { start, end, selected, explanationUrl }: AriWindow): void {
  statement(
    db,
    'UPDATE certificate SET window_start = ?, window_end = ?, selected = ?, explanation_url = ? WHERE id = ?',
  ).run(start, end, selected, explanationUrl, id);
}

/** When the CA is asked for the ARI window again; null: never. */
export function setNextPoll(db: DatabaseSync, id: number, at: number | null): void {
  statement(db, 'UPDATE certificate SET next_poll = ? WHERE id = ?').run(at, id);
}

// What counts from the certificate's own dates is right whatever the clock said.
const COUNTED_FROM_NOW: readonly DueReason[] = [
  'new',
  'changed',
  'revoked',
  'requested',
  'redeploy',
  'retry',
  'rate-limit',
  'issuer-closed',
];

/**
 * After the clock was put back. A certificate that seemed to have expired is never asked for again, unless it is begun
 * anew here.
 */
export function shiftCertificates(db: DatabaseSync, shift: ClockShift): void {
  const reasons = COUNTED_FROM_NOW.map((reason) => `'${reason}'`).join(', ');
  shiftTimes(db, { table: 'certificate', columns: ['next_due'], where: `due_reason IN (${reasons})` }, shift);
  shiftTimes(db, { table: 'certificate', columns: ['next_poll', 'next_look'] }, shift);
  statement(
    db,
    `UPDATE certificate SET next_poll = ? WHERE removed = 0 AND next_poll IS NULL AND EXISTS (SELECT 1 FROM issued i
     WHERE i.certificate_id = certificate.id AND i.status = 'active' AND i.revoked_at IS NULL AND i.not_after > ?)`,
  ).run(shift.now, shift.now);
}
