import type { DatabaseSync } from 'node:sqlite';
import { integer, text } from '../../store/row.ts';
import { type ClockShift, shiftTimes } from '../../store/shift-times.ts';
import { statement } from '../../store/statements.ts';
import type { Transaction } from '../../store/store.ts';
import { closedForMs, TOLERATED } from '../schedule/issuer-backoff.ts';
import type { ManagedCertificate } from './certificate-table.ts';

// The tables `issuer_health`, `issuer_refusal` and `host_backoff`: who is not asked for now. An issuer does not work,
// or will not issue a certificate for now; a host asked us to stay away. Nothing else writes them. Times are
// milliseconds since 1970.

/** When this issuer may be asked for this certificate again; in the past: now. */
export function openedAt(db: DatabaseSync, certificateId: number, issuer: string): number {
  const row = statement(
    db,
    `SELECT max(coalesce((SELECT closed_until FROM issuer_health WHERE issuer = ?1), 0),
       coalesce((SELECT until FROM issuer_refusal WHERE certificate_id = ?2 AND issuer = ?1), 0)) AS at`,
  ).get(issuer, certificateId);
  return row === undefined ? 0 : integer(row, 'at');
}

/** Until when an issuer is not asked at all; null: it is asked. */
export function closedUntil(db: DatabaseSync, issuer: string, now: number): number | null {
  const row = statement(db, 'SELECT closed_until FROM issuer_health WHERE issuer = ?').get(issuer);
  const until = row === undefined ? 0 : integer(row, 'closed_until');
  return until > now ? until : null;
}

/** Whether an issuer was closed, and nothing has shown since that it works: one certificate at a time tries it. */
export function isOnProbation(db: DatabaseSync, issuer: string, now: number): boolean {
  const sql = 'SELECT 1 FROM issuer_health WHERE issuer = ? AND failures >= ? AND closed_until <= ?';
  return statement(db, sql).get(issuer, TOLERATED, now) !== undefined;
}

type Choosing = Pick<ManagedCertificate, 'id' | 'config'>;

/** The issuers of a certificate that can be asked now, the first choice first. */
export function usableIssuers(db: DatabaseSync, { id, config }: Choosing, now: number): readonly string[] {
  return config.issuers.filter((issuer) => openedAt(db, id, issuer) <= now);
}

/**
 * The first that can be asked; where none can, the one that can be asked first, since waiting for ever renews nothing.
 */
export function preferredIssuer(db: DatabaseSync, certificate: Choosing, now: number): string {
  const [usable] = usableIssuers(db, certificate, now);
  if (usable !== undefined) return usable;
  const { id, config } = certificate;
  const moments = config.issuers.map((issuer) => ({ issuer, at: openedAt(db, id, issuer) }));
  return moments.toSorted((a, b) => a.at - b.at)[0]?.issuer ?? '';
}

/**
 * One more failure in a row. What was under way when the issuer was closed says nothing new: it closes it for no
 * longer. `wish`: how long the issuer asked to be spared, milliseconds; `uniform` from [0, 1).
 */
export function noteOutage(
  { db, audit }: Transaction,
  issuer: string,
  code: string,
  now: number,
  { uniform, wish }: { readonly uniform: number; readonly wish: number | null },
): void {
  const row = statement(db, 'SELECT failures FROM issuer_health WHERE issuer = ?').get(issuer);
  const stands = closedUntil(db, issuer, now);
  if (stands !== null && stands >= now + (wish ?? 0)) return;
  const failures = (row === undefined ? 0 : integer(row, 'failures')) + 1;
  const closed = Math.max(closedForMs(failures, uniform), wish ?? 0);
  const until = closed === 0 ? 0 : now + closed;
  statement(
    db,
    `INSERT INTO issuer_health (issuer, failures, closed_until, code) VALUES (?, ?, ?, ?)
     ON CONFLICT (issuer) DO UPDATE SET failures = excluded.failures, closed_until = excluded.closed_until, code = excluded.code`,
  ).run(issuer, failures, until, code);
  if (closed === 0) return;
  audit({ type: 'issuer.closed', subject: issuer, data: { failures, code, until: new Date(until).toISOString() } });
}

/**
 * The issuer will not issue this certificate before `until`. `link`: where a person can have it change its mind; null:
 * nowhere.
 */
export function noteRefusal(
  { db, audit }: Transaction,
  { id, name }: Pick<ManagedCertificate, 'id' | 'name'>,
  {
    issuer,
    until,
    code,
    link,
  }: { readonly issuer: string; readonly until: number; readonly code: string; readonly link: string | null },
): void {
  statement(
    db,
    `INSERT INTO issuer_refusal (certificate_id, issuer, until, code, link) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (certificate_id, issuer) DO UPDATE SET until = excluded.until, code = excluded.code, link = excluded.link`,
  ).run(id, issuer, until, code, link);
  audit({ type: 'issuer.refused', subject: name, data: { issuer, code, until: new Date(until).toISOString() } });
}

/** It has issued this certificate: whatever was noted of it, and a pause of the certificate, are over. */
export function noteIssuerWorks({ db, audit }: Transaction, certificateId: number, issuer: string): void {
  const row = statement(db, 'DELETE FROM issuer_health WHERE issuer = ? RETURNING closed_until').get(issuer);
  // A failure or two that closed nothing are told by the certificates that they were for.
  if (row !== undefined && integer(row, 'closed_until') > 0) audit({ type: 'issuer.works', subject: issuer, data: {} });
  statement(db, 'DELETE FROM issuer_refusal WHERE certificate_id = ? AND issuer = ? AND link IS NOT NULL').run(
    certificateId,
    issuer,
  );
}

/** It is configured otherwise, or gone: what was noted of it says nothing any more. */
export function forgetIssuer({ db }: Pick<Transaction, 'db'>, issuer: string): void {
  statement(db, 'DELETE FROM issuer_health WHERE issuer = ?').run(issuer);
  statement(db, 'DELETE FROM issuer_refusal WHERE issuer = ?').run(issuer);
}

/** It has another name. */
export function renameHealth(db: DatabaseSync, from: string, to: string): void {
  statement(db, 'UPDATE OR REPLACE issuer_health SET issuer = ? WHERE issuer = ?').run(to, from);
  statement(db, 'UPDATE OR REPLACE issuer_refusal SET issuer = ? WHERE issuer = ?').run(to, from);
}

/** An issuer that is not well. */
export interface IssuerTrouble {
  readonly issuer: string;
  readonly failures: number;
  /** When it is asked again; null: it still is. */
  readonly closedUntil: number | null;
  readonly code: string;
}

/** Issuers whose last attempts failed. */
export function troubledIssuers(db: DatabaseSync): readonly IssuerTrouble[] {
  return statement(db, 'SELECT * FROM issuer_health ORDER BY issuer')
    .all()
    .map((row) => {
      const closedUntil = integer(row, 'closed_until');
      return {
        issuer: text(row, 'issuer'),
        failures: integer(row, 'failures'),
        closedUntil: closedUntil === 0 ? null : closedUntil,
        code: text(row, 'code'),
      };
    });
}

/** A certificate that a CA takes no orders for until a person lifts the pause. */
export interface Paused {
  readonly name: string;
  readonly issuer: string;
  /** Where to lift it. */
  readonly link: string;
  /** When the issuer is asked again. */
  readonly until: number;
}

const SHOWN = 20;

/** Paused certificates, the latest first; of one certificate, or the first few of all. */
export function pausedCertificates(db: DatabaseSync, certificateId: number | null = null): readonly Paused[] {
  return statement(
    db,
    `SELECT c.name, r.issuer, r.link, r.until FROM issuer_refusal r JOIN certificate c ON c.id = r.certificate_id
     WHERE r.link IS NOT NULL AND c.removed = 0 AND c.id = coalesce(?, c.id) ORDER BY r.until DESC LIMIT ${SHOWN}`,
  )
    .all(certificateId)
    .map((row) => ({
      name: text(row, 'name'),
      issuer: text(row, 'issuer'),
      link: text(row, 'link'),
      until: integer(row, 'until'),
    }));
}

/** A host that asked a CA's clients to stay away for longer than anybody waits. */
export interface HostBackoff {
  /** URL of the CA's directory. What other CAs send to the host is not held back. */
  readonly directory: string;
  readonly host: string;
  /** No request is sent there before. */
  readonly until: number;
}

/**
 * Hosts that no request is sent to now, and for which CA. A row that was noted later than now is of a clock that was
 * put back.
 */
export function hostBackoffs(db: DatabaseSync, now: number): readonly HostBackoff[] {
  const sql =
    'SELECT directory, host, until FROM host_backoff WHERE until > ? AND noted_at <= ? ORDER BY directory, host';
  return statement(db, sql)
    .all(now, now)
    .map((row) => ({ directory: text(row, 'directory'), host: text(row, 'host'), until: integer(row, 'until') }));
}

export function noteHostBackoff(
  { db, audit }: Transaction,
  { directory, host, until }: HostBackoff,
  now: number,
): void {
  statement(db, 'DELETE FROM host_backoff WHERE until <= ? OR noted_at > ?').run(now, now);
  statement(
    db,
    `INSERT INTO host_backoff (directory, host, until, noted_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (directory, host) DO UPDATE SET until = excluded.until, noted_at = excluded.noted_at`,
  ).run(directory, host, until, now);
  audit({ type: 'host.backoff', subject: host, data: { directory, until: new Date(until).toISOString() } });
}

/** After the clock was put back. */
export function shiftIssuerHealth(db: DatabaseSync, shift: ClockShift): void {
  shiftTimes(db, { table: 'issuer_health', columns: ['closed_until'] }, shift);
  shiftTimes(db, { table: 'issuer_refusal', columns: ['until'] }, shift);
}
