import type { DatabaseSync } from 'node:sqlite';
import { retryAfterOf } from '../../acme/session/response.ts';
import { asEverbindError } from '../../errors/error.ts';
import { statement } from '../../store/statements.ts';
import type { Transaction } from '../../store/store.ts';
import type { RunContext } from '../engine/run-context.ts';
import { issuerFault } from '../engine/issuer-fault.ts';
import { linkOf } from './paused.ts';
import { closedForMs, refusedForMs } from '../schedule/issuer-backoff.ts';
import type { ManagedCertificate } from './types.ts';

/** The issuers of a certificate that can be asked now, the first choice first. */
export function usableIssuers(
  db: DatabaseSync,
  { id, config }: Pick<ManagedCertificate, 'id' | 'config'>,
  now: number,
): readonly string[] {
  return config.issuers.filter((issuer) => openedAt(db, id, issuer) <= now);
}

/** The first that can be asked; where none can, the one that can be asked first, since waiting for ever renews nothing. */
export function preferredIssuer(
  db: DatabaseSync,
  certificate: Pick<ManagedCertificate, 'id' | 'config'>,
  now: number,
): string {
  const [usable] = usableIssuers(db, certificate, now);
  if (usable !== undefined) return usable;
  const { id, config } = certificate;
  const moments = config.issuers.map((issuer) => ({ issuer, at: openedAt(db, id, issuer) }));
  return moments.toSorted((a, b) => a.at - b.at)[0]?.issuer ?? '';
}

/** When this issuer may be asked for this certificate again, milliseconds since 1970; in the past: now. */
export function openedAt(db: DatabaseSync, certificateId: number, issuer: string): number {
  const closed = statement(db, 'SELECT closed_until AS at FROM issuer_health WHERE issuer = ?').get(issuer);
  const refused = statement(db, 'SELECT until AS at FROM issuer_refusal WHERE certificate_id = ? AND issuer = ?').get(
    certificateId,
    issuer,
  );
  return Math.max((closed?.['at'] as number | undefined) ?? 0, (refused?.['at'] as number | undefined) ?? 0);
}

/** Notes what a failed attempt says of its issuer. False when it says nothing: another issuer would see the same. */
export async function noteIssuerFault(
  { store, clock, random }: RunContext,
  { id, name }: ManagedCertificate,
  issuer: string,
  error: unknown,
): Promise<boolean> {
  const fault = issuerFault(error);
  if (fault === null) return false;
  const now = clock.now();
  const { code } = asEverbindError(error);
  await store.commit((transaction) => {
    if (fault === 'outage') {
      const wish = code === 'ACME_HOST_BACKOFF' ? retryAfterOf(error) : null;
      noteOutage(transaction, issuer, code, now, { uniform: random.uniform(), wish });
      return;
    }
    const until = now + refusedForMs(retryAfterOf(error));
    statement(
      transaction.db,
      `INSERT INTO issuer_refusal (certificate_id, issuer, until, code, link) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (certificate_id, issuer) DO UPDATE SET until = excluded.until, code = excluded.code, link = excluded.link`,
    ).run(id, issuer, until, code, linkOf(error));
    transaction.audit({
      type: 'issuer.refused',
      subject: name,
      data: { issuer, code, until: new Date(until).toISOString() },
    });
  });
  return true;
}

function noteOutage(
  { db, audit }: Transaction,
  issuer: string,
  code: string,
  now: number,
  { uniform, wish }: { readonly uniform: number; readonly wish: number | null },
): void {
  const row = statement(db, 'SELECT failures FROM issuer_health WHERE issuer = ?').get(issuer);
  const failures = ((row?.['failures'] as number | undefined) ?? 0) + 1;
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

/** It has issued: whatever was noted of it is over. */
export function noteIssuerWorks({ db, audit }: Transaction, issuer: string): void {
  const { changes } = statement(db, 'DELETE FROM issuer_health WHERE issuer = ?').run(issuer);
  if (changes > 0) audit({ type: 'issuer.works', subject: issuer, data: {} });
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
    .map((row) => ({
      issuer: row['issuer'] as string,
      failures: row['failures'] as number,
      closedUntil: row['closed_until'] === 0 ? null : (row['closed_until'] as number),
      code: row['code'] as string,
    }));
}
