import type { DatabaseSync } from 'node:sqlite';
import { EverbindError } from '../../errors/error.ts';
import { statement } from '../../store/statements.ts';
import type { Transaction } from '../../store/store.ts';

/** A certificate that a CA does not take orders for until a person lifts the pause. */
export interface Paused {
  readonly name: string;
  readonly issuer: string;
  /** Where to lift it. */
  readonly link: string;
  /** When the issuer is asked again, milliseconds since 1970. */
  readonly until: number;
}

/** Whether the CA has paused a name of the certificate. */
export function isPaused(error: unknown): error is EverbindError {
  return error instanceof EverbindError && error.code === 'ACME_PAUSED';
}

/** Where a person can have the CA change its mind; null: nowhere. */
export function linkOf(error: unknown): string | null {
  const link = isPaused(error) ? error.details['link'] : null;
  return typeof link === 'string' ? link : null;
}

/** It has issued again. */
export function forgetPause({ db }: Transaction, certificateId: number, issuer: string): void {
  statement(db, 'DELETE FROM issuer_refusal WHERE certificate_id = ? AND issuer = ? AND link IS NOT NULL').run(
    certificateId,
    issuer,
  );
}

const SHOWN = 20;

/** Paused certificates, the latest first; of one certificate, or the first few of all. */
export function pausedCertificates(db: DatabaseSync, certificateId: number | null = null): readonly Paused[] {
  const rows = statement(
    db,
    `SELECT c.name, r.issuer, r.link, r.until FROM issuer_refusal r JOIN certificate c ON c.id = r.certificate_id
     WHERE r.link IS NOT NULL AND c.removed = 0 AND c.id = coalesce(?, c.id) ORDER BY r.until DESC LIMIT ${SHOWN}`,
  ).all(certificateId);
  return rows.map((row) => ({
    name: row['name'] as string,
    issuer: row['issuer'] as string,
    link: row['link'] as string,
    until: row['until'] as number,
  }));
}
