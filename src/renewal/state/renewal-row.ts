import { statement } from '../../store/statements.ts';
import type { Transaction } from '../../store/store.ts';
import { type EventData, withRenewal } from './journal.ts';
import type { Renewal } from './types.ts';

/**
 * Journals the start of a renewal or of a roll-back. Whatever is open is due, also when it was begun before its time: a run that dies in it
 * must not leave half-changed bindings alone for weeks.
 */
export function insertRenewal({ db, audit }: Transaction, name: string, renewal: Renewal): void {
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
    renewal.issuedId,
    renewal.startedAt,
  );
  statement(db, `UPDATE certificate SET next_due = ?, due_reason = 'requested' WHERE id = ? AND next_due > ?`).run(
    renewal.startedAt,
    renewal.certificateId,
    renewal.startedAt,
  );
  audit({
    type: `${renewal.kind}.started`,
    subject: name,
    data: withRenewal(renewal.id, { issuer: renewal.issuer, key: renewal.keyHandle }),
  });
}

/** Ends a renewal that comes to nothing. A certificate that it got is not used any more; it is retired with the next old ones. */
export function closeRenewal(
  { db, audit }: Transaction,
  name: string,
  renewal: Renewal,
  now: number,
  end: { readonly outcome: 'superseded' | 'failed'; readonly data: EventData },
): void {
  statement(db, 'UPDATE renewal SET outcome = ?, finished_at = ? WHERE id = ?').run(end.outcome, now, renewal.id);
  if (renewal.issuedId !== null) {
    statement(db, `UPDATE issued SET status = 'failed' WHERE id = ? AND status = 'pending'`).run(renewal.issuedId);
  }
  audit({ type: `${renewal.kind}.${end.outcome}`, subject: name, data: withRenewal(renewal.id, end.data) });
}
