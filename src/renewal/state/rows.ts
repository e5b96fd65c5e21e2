import type { DatabaseSync } from 'node:sqlite';
import type { CertificateConfig } from '../../config/types.ts';
import { statement } from '../../store/statements.ts';
import type { DueReason } from '../schedule/due-date.ts';
import type { Issued, IssuedStatus, LastError, ManagedCertificate, Renewal } from './types.ts';

type Row = Record<string, unknown>;

/** Of a row of `certificate`: it has deployments, and since it was put to use last no place serves it. Every binding was left alone, or there is none. */
export const SERVED_NOWHERE = `endpoints = 0 AND json_array_length(config, '$.deployments') > 0`;

/** Columns of a managed certificate. */
export function toCertificate(row: Row): ManagedCertificate {
  return {
    id: row['id'] as number,
    name: row['name'] as string,
    config: JSON.parse(row['config'] as string) as CertificateConfig,
    nextDue: row['next_due'] as number,
    dueReason: row['due_reason'] as DueReason,
    failures: row['failures'] as number,
    lastError: row['last_error'] === null ? null : (JSON.parse(row['last_error'] as string) as LastError),
    removed: row['removed'] === 1,
  };
}

function toRenewal(row: Row): Renewal {
  return {
    id: row['id'] as string,
    certificateId: row['certificate_id'] as number,
    kind: row['kind'] as Renewal['kind'],
    step: row['step'] as Renewal['step'],
    issuer: row['issuer'] as string,
    identifiers: JSON.parse(row['identifiers'] as string) as Renewal['identifiers'],
    algorithm: row['algorithm'] as Renewal['algorithm'],
    keyHandle: row['key_handle'] as string,
    accountUrl: row['account_url'] as string | null,
    orderUrl: row['order_url'] as string | null,
    issuedId: row['issued_id'] as number | null,
    deployments:
      row['deployments'] === null ? null : (JSON.parse(row['deployments'] as string) as Renewal['deployments']),
    plans: row['plans'] as string | null,
    rollbacks: row['rollbacks'] as number,
    startedAt: row['started_at'] as number,
    authorizedAt: row['authorized_at'] as number | null,
  };
}

function toIssued(row: Row): Issued {
  return {
    id: row['id'] as number,
    certificateId: row['certificate_id'] as number,
    thumbprint: row['thumbprint'] as string,
    status: row['status'] as IssuedStatus,
    chain: row['chain'] as string,
    algorithm: row['algorithm'] as Issued['algorithm'],
    keyHandle: row['key_handle'] as string,
    issuer: row['issuer'] as string,
    accountUrl: row['account_url'] as string,
    notBefore: row['not_before'] as number,
    notAfter: row['not_after'] as number,
    issuedAt: row['issued_at'] as number,
    ariId: row['ari_id'] as string | null,
    revokedAt: row['revoked_at'] as number | null,
  };
}

function optional<T>(row: Row | undefined, convert: (row: Row) => T): T | null {
  return row === undefined ? null : convert(row);
}

/** Also one that is no longer declared; null when there is none. */
export function certificateById(db: DatabaseSync, id: number): ManagedCertificate | null {
  return optional(statement(db, 'SELECT * FROM certificate WHERE id = ?').get(id), toCertificate);
}

/** Declared ones alone; null when there is none. */
export function certificateByName(db: DatabaseSync, name: string): ManagedCertificate | null {
  return optional(statement(db, 'SELECT * FROM certificate WHERE name = ? AND removed = 0').get(name), toCertificate);
}

/** The renewal of this certificate that was not finished, if any. */
export function openRenewal(db: DatabaseSync, certificateId: number): Renewal | null {
  return optional(
    statement(db, 'SELECT * FROM renewal WHERE certificate_id = ? AND outcome IS NULL').get(certificateId),
    toRenewal,
  );
}

/** Null when there is none. */
export function issuedById(db: DatabaseSync, id: number): Issued | null {
  return optional(statement(db, 'SELECT * FROM issued WHERE id = ?').get(id), toIssued);
}

/** Certificates of one managed certificate in this state, the newest first. */
export function issuedWith(db: DatabaseSync, certificateId: number, status: IssuedStatus): readonly Issued[] {
  return statement(db, 'SELECT * FROM issued WHERE certificate_id = ? AND status = ? ORDER BY id DESC')
    .all(certificateId, status)
    .map(toIssued);
}

/** What was issued for the same managed certificate before this one, whatever became of it; null: nothing. */
export function issuedBefore(
  db: DatabaseSync,
  { certificateId, id }: Pick<Issued, 'certificateId' | 'id'>,
): { readonly issuedAt: number } | null {
  const sql = 'SELECT issued_at FROM issued WHERE certificate_id = ? AND id < ? ORDER BY id DESC LIMIT 1';
  return optional(statement(db, sql).get(certificateId, id), (row) => ({ issuedAt: row['issued_at'] as number }));
}

/** Whether a certificate with this key was revoked: the key may be known to others, and is never put to use again. */
export function isKeyRevoked(db: DatabaseSync, certificateId: number, keyHandle: string): boolean {
  const sql = 'SELECT 1 FROM issued WHERE certificate_id = ? AND key_handle = ? AND revoked_at IS NOT NULL LIMIT 1';
  return statement(db, sql).get(certificateId, keyHandle) !== undefined;
}

/**
 * Certificates that were in use and are kept for rolling back, the one that was put to use last first: after a roll-back that is not the one
 * that was issued last.
 */
export function previousOf(db: DatabaseSync, certificateId: number): readonly Issued[] {
  return statement(
    db,
    // One is open at a time: who began last finished last, and what is looked for is among the last of a long history.
    `SELECT * FROM issued i WHERE certificate_id = ? AND status = 'previous' ORDER BY (SELECT r.finished_at FROM renewal r
     WHERE r.certificate_id = i.certificate_id AND r.issued_id = i.id AND r.outcome = 'renewed'
     ORDER BY r.started_at DESC LIMIT 1) DESC, id DESC`,
  )
    .all(certificateId)
    .map(toIssued);
}

/** Certificates to be removed by now, with what they were issued for. */
export function toRetire(
  db: DatabaseSync,
  now: number,
): readonly { readonly issued: Issued; readonly certificate: ManagedCertificate }[] {
  const rows = statement(db, 'SELECT * FROM issued WHERE retire_at <= ? ORDER BY retire_at LIMIT 1000').all(now);
  return rows.map(toIssued).flatMap((issued) => {
    const certificate = certificateById(db, issued.certificateId);
    return certificate === null ? [] : { issued, certificate };
  });
}

/** Thumbprint of every certificate that we issued and did not remove, with the name of its managed certificate. */
export function ownThumbprints(db: DatabaseSync): ReadonlyMap<string, string> {
  const rows = statement(
    db,
    `SELECT i.thumbprint, c.name FROM issued i JOIN certificate c ON c.id = i.certificate_id WHERE i.status <> 'retired'`,
  ).all();
  return new Map(rows.map((row) => [row['thumbprint'] as string, row['name'] as string]));
}
