import type { DatabaseSync } from 'node:sqlite';
import { EverbindError } from '../../errors/error.ts';
import { CERTIFICATE_KEY_ALGORITHMS } from '../../config/key-algorithms.ts';
import type { CertificateKeyAlgorithm } from '../../ports/key-store.ts';
import {
  allThatFit,
  ifReadable,
  integer,
  optionalInteger,
  optionalText,
  type Row,
  text,
  word,
} from '../../store/row.ts';
import { requireWhole } from '../../store/row-digest.ts';
import { type ClockShift, shiftTimes } from '../../store/shift-times.ts';
import { statement } from '../../store/statements.ts';
import { urgentFrom } from '../schedule/token-bucket.ts';

// The table `issued`: every certificate that a CA issued to us. Nothing else writes it. Times are milliseconds
// since 1970.

const STATUSES = ['pending', 'active', 'previous', 'failed', 'revoked', 'retiring', 'retired'] as const;

/**
 * `pending`: not in use yet. `active`: in use. `previous`: was in use, kept for rolling back. `failed`: visitors never
 * got it. `revoked`: was in use until another took the place of it. `retiring`: to be removed with its key as soon as
 * nothing refers to it. `retired`: gone.
 */
export type IssuedStatus = (typeof STATUSES)[number];

/** A certificate that a CA issued to us. */
export interface Issued {
  readonly id: number;
  readonly certificateId: number;
  readonly thumbprint: string;
  readonly status: IssuedStatus;
  /** PEM, leaf first; empty once retired. */
  readonly chain: string;
  readonly algorithm: CertificateKeyAlgorithm;
  readonly keyHandle: string;
  readonly issuer: string;
  readonly accountUrl: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly issuedAt: number;
  /** What its CA calls it (RFC 9773 section 4.1); null: it has no such name. */
  readonly ariId: string | null;
  /** When its CA confirmed that it is revoked. */
  readonly revokedAt: number | null;
}

/** Throws STORE_CORRUPT when the row is not as it was written. */
function toIssued(db: DatabaseSync, row: Row): Issued {
  requireWhole(db, 'issued', row);
  return {
    id: integer(row, 'id'),
    certificateId: integer(row, 'certificate_id'),
    thumbprint: text(row, 'thumbprint'),
    status: word(row, 'status', STATUSES),
    chain: text(row, 'chain'),
    algorithm: word(row, 'algorithm', CERTIFICATE_KEY_ALGORITHMS),
    keyHandle: text(row, 'key_handle'),
    issuer: text(row, 'issuer'),
    accountUrl: text(row, 'account_url'),
    notBefore: integer(row, 'not_before'),
    notAfter: integer(row, 'not_after'),
    issuedAt: integer(row, 'issued_at'),
    ariId: optionalText(row, 'ari_id'),
    revokedAt: optionalInteger(row, 'revoked_at'),
  };
}

/** Null when there is none. */
function issuedById(db: DatabaseSync, id: number): Issued | null {
  const row = statement(db, 'SELECT * FROM issued WHERE id = ?').get(id);
  return row === undefined ? null : toIssued(db, row);
}

/** One that the journal refers to. Throws STORE_CORRUPT. */
export function requireIssued(db: DatabaseSync, id: number): Issued {
  const issued = issuedById(db, id);
  if (issued !== null) return issued;
  throw new EverbindError('STORE_CORRUPT', `the journal refers to the certificate ${id}, which is not there`, { id });
}

const WITH_STATUS = 'SELECT * FROM issued WHERE certificate_id = ? AND status = ? ORDER BY id DESC';

/** Certificates of one managed certificate in this state, the newest first. */
export function issuedWith(db: DatabaseSync, certificateId: number, status: IssuedStatus): readonly Issued[] {
  return statement(db, WITH_STATUS)
    .all(certificateId, status)
    .map((row) => toIssued(db, row));
}

/** The same without those whose row is damaged. */
export function issuedIfReadable(db: DatabaseSync, certificateId: number, status: IssuedStatus): readonly Issued[] {
  return allThatFit(statement(db, WITH_STATUS), certificateId, status).flatMap(
    (row) => ifReadable(() => toIssued(db, row)) ?? [],
  );
}

/** The certificate in use; null when there is none. */
export function activeOf(db: DatabaseSync, certificateId: number): Issued | null {
  return issuedWith(db, certificateId, 'active')[0] ?? null;
}

/** The same, null also when its row is damaged: for what has to go on. */
export function activeIfReadable(db: DatabaseSync, certificateId: number): Issued | null {
  return issuedIfReadable(db, certificateId, 'active')[0] ?? null;
}

/** Whether a certificate is in a hurry: the one in use expires soon, has expired, or is revoked. */
export function isUrgent(db: DatabaseSync, certificateId: number, now: number): boolean {
  const active = activeOf(db, certificateId);
  return active !== null && (active.revokedAt !== null || now >= urgentFrom(active));
}

/** What was issued for the same managed certificate before this one, whatever became of it; null: nothing. */
export function issuedBefore(
  db: DatabaseSync,
  { certificateId, id }: Pick<Issued, 'certificateId' | 'id'>,
): { readonly issuedAt: number } | null {
  const sql = 'SELECT issued_at FROM issued WHERE certificate_id = ? AND id < ? ORDER BY id DESC LIMIT 1';
  const row = statement(db, sql).get(certificateId, id);
  return row === undefined ? null : { issuedAt: integer(row, 'issued_at') };
}

/** Whether a certificate with this key was revoked: the key may be known to others, and is never used again. */
export function isKeyRevoked(db: DatabaseSync, certificateId: number, keyHandle: string): boolean {
  const sql = 'SELECT 1 FROM issued WHERE certificate_id = ? AND key_handle = ? AND revoked_at IS NOT NULL LIMIT 1';
  return statement(db, sql).get(certificateId, keyHandle) !== undefined;
}

/** Whether another certificate that is not gone yet has the key of this one. */
export function isKeyShared(db: DatabaseSync, { certificateId, keyHandle, id }: Issued): boolean {
  const sql = `SELECT 1 FROM issued WHERE certificate_id = ? AND key_handle = ? AND id <> ?
    AND status IN ('pending', 'active', 'previous', 'failed', 'revoked', 'retiring')`;
  return statement(db, sql).get(certificateId, keyHandle, id) !== undefined;
}

/**
 * Certificates that were in use and are kept for rolling back, the one that was deployed last first: after a roll-back
 * that is not the one that was issued last.
 */
export function previousOf(db: DatabaseSync, certificateId: number): readonly Issued[] {
  return statement(
    db,
    // One is open at a time: the one that began last finished last, and what is looked for is among the last of a long
    // history.
    `SELECT * FROM issued i WHERE certificate_id = ? AND status = 'previous' ORDER BY (SELECT r.finished_at FROM renewal r
     WHERE r.certificate_id = i.certificate_id AND r.issued_id = i.id AND r.outcome = 'renewed'
     ORDER BY r.started_at DESC LIMIT 1) DESC, id DESC`,
  )
    .all(certificateId)
    .map((row) => toIssued(db, row));
}

/** The last one that this account got for exactly these names by a renewal; null: none. */
export function lastIssuedFor(
  db: DatabaseSync,
  certificateId: number,
  identifiers: readonly { readonly type: string; readonly value: string }[],
  accountUrl: string,
): Issued | null {
  const row = statement(
    db,
    `SELECT i.* FROM renewal r JOIN issued i ON i.id = r.issued_id
     WHERE r.certificate_id = ? AND r.kind = 'renewal' AND r.identifiers = ? AND i.account_url = ?
     ORDER BY r.started_at DESC LIMIT 1`,
  ).get(certificateId, JSON.stringify(identifiers), accountUrl);
  return row === undefined ? null : toIssued(db, row);
}

/** Thumbprints of the certificates of this one that are not removed yet, without this one. */
export function otherThumbprints(db: DatabaseSync, certificateId: number, id: number): readonly string[] {
  const sql = `SELECT thumbprint FROM issued WHERE certificate_id = ? AND id <> ?
    AND status IN ('pending', 'previous', 'failed', 'revoked', 'retiring')`;
  return statement(db, sql)
    .all(certificateId, id)
    .map((row) => text(row, 'thumbprint'));
}

/** Thumbprint of every certificate that we issued and did not remove, with the name of its managed certificate. */
export function ownThumbprints(db: DatabaseSync): ReadonlyMap<string, string> {
  const rows = statement(
    db,
    `SELECT i.thumbprint, c.name FROM issued i JOIN certificate c ON c.id = i.certificate_id WHERE i.status <> 'retired'`,
  ).all();
  return new Map(rows.map((row) => [text(row, 'thumbprint'), text(row, 'name')]));
}

/** Notes a certificate that is not in use yet. Returns its id. */
export function insertIssued(db: DatabaseSync, issued: Omit<Issued, 'id' | 'status' | 'revokedAt'>): number {
  const { lastInsertRowid } = statement(
    db,
    `INSERT INTO issued (certificate_id, thumbprint, status, chain, algorithm, key_handle, issuer, account_url, not_before, not_after, issued_at, ari_id)
     VALUES (?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    issued.certificateId,
    issued.thumbprint,
    issued.chain,
    issued.algorithm,
    issued.keyHandle,
    issued.issuer,
    issued.accountUrl,
    issued.notBefore,
    issued.notAfter,
    issued.issuedAt,
    issued.ariId,
  );
  return Number(lastInsertRowid);
}

/** Of a damaged row: whose it is, and the certificate, if that is still there; empty where it cannot be read. */
export function damagedIssued(
  db: DatabaseSync,
  id: number,
): { readonly certificateId: number | null; readonly thumbprint: string; readonly chain: string } {
  const sql = `SELECT (SELECT id FROM certificate c WHERE c.id = certificate_id) AS certificate_id, thumbprint, chain
    FROM issued WHERE id = ?`;
  const row = ifReadable(() => statement(db, sql).get(id)) ?? {};
  return {
    certificateId: ifReadable(() => integer(row, 'certificate_id')),
    thumbprint: ifReadable(() => text(row, 'thumbprint')) ?? '',
    chain: ifReadable(() => text(row, 'chain')) ?? '',
  };
}

/** Writes the row of a certificate anew under its id; nothing of the damaged one is kept. */
export function rebuildIssued(db: DatabaseSync, issued: Issued): void {
  statement(
    db,
    `INSERT OR REPLACE INTO issued (id, certificate_id, thumbprint, status, chain, algorithm, key_handle, issuer, account_url, not_before, not_after, issued_at, ari_id, revoked_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    issued.id,
    issued.certificateId,
    issued.thumbprint,
    issued.status,
    issued.chain,
    issued.algorithm,
    issued.keyHandle,
    issued.issuer,
    issued.accountUrl,
    issued.notBefore,
    issued.notAfter,
    issued.issuedAt,
    issued.ariId,
    issued.revokedAt,
  );
}

/** It is in use from now on; the one before is kept for rolling back, unless it was revoked. */
export function markActive(db: DatabaseSync, { id, certificateId }: Pick<Issued, 'id' | 'certificateId'>): void {
  statement(
    db,
    `UPDATE issued SET status = iif(revoked_at IS NULL, 'previous', 'revoked')
     WHERE certificate_id = ? AND status = 'active' AND id <> ?`,
  ).run(certificateId, id);
  statement(db, `UPDATE issued SET status = 'active' WHERE id = ?`).run(id);
}

/** Visitors never got it. */
export function markFailed(db: DatabaseSync, id: number): void {
  statement(db, `UPDATE issued SET status = 'failed' WHERE id = ?`).run(id);
}

/** The renewal that got it came to nothing: one that is not in use is not used any more. */
export function markUnused(db: DatabaseSync, id: number): void {
  statement(db, `UPDATE issued SET status = 'failed' WHERE id = ? AND status = 'pending'`).run(id);
}

/** Its CA has confirmed that it is revoked. */
export function noteRevoked(db: DatabaseSync, id: number, at: number): void {
  statement(db, 'UPDATE issued SET revoked_at = ? WHERE id = ?').run(at, id);
}

/** Nobody rolls back to it any more: its key may be gone. */
export function markRetiring(db: DatabaseSync, id: number, now: number): void {
  statement(db, `UPDATE issued SET status = 'retiring', retire_at = ? WHERE id = ?`).run(now, id);
}

/** Something refers to it still, or it could not be removed: it is looked at again then. */
export function retireLater(db: DatabaseSync, id: number, at: number): void {
  statement(db, 'UPDATE issued SET retire_at = ? WHERE id = ?').run(at, id);
}

/** It is gone. */
export function markRetired(db: DatabaseSync, id: number): void {
  statement(db, `UPDATE issued SET status = 'retired', retire_at = NULL, chain = '' WHERE id = ?`).run(id);
}

/** Those to be removed by now, the first a thousand; a damaged one is not touched. */
export function toRetire(db: DatabaseSync, now: number, limit = 1000): readonly Issued[] {
  const sql = 'SELECT * FROM issued WHERE retire_at <= ? ORDER BY retire_at LIMIT ?';
  return allThatFit(statement(db, sql), now, limit).flatMap((row) => ifReadable(() => toIssued(db, row)) ?? []);
}

/** After the clock was put back. */
export function shiftIssued(db: DatabaseSync, shift: ClockShift): void {
  shiftTimes(db, { table: 'issued', columns: ['retire_at'] }, shift);
}

/** Their issuer has another name. */
export function renameIssued(db: DatabaseSync, from: string, to: string): void {
  statement(db, 'UPDATE issued SET issuer = ? WHERE issuer = ?').run(to, from);
}
