import type { Transaction } from '../../store/store.ts';
import { setDue } from '../state/certificate-table.ts';
import { markUnused } from '../state/issued-table.ts';
import {
  endRenewal,
  type EventData,
  insertRenewal,
  isObtaining,
  type NotDeployed,
  type Obtaining,
  type Renewal,
  withRenewal,
} from '../state/renewal-table.ts';

/** Journals the start of a renewal or of a roll-back. What is open is due, also when it was begun before its time. */
export function openIn(transaction: Transaction, name: string, renewal: Obtaining | NotDeployed): void {
  insertRenewal(transaction, name, renewal);
  setDue(transaction.db, renewal.certificateId, { at: renewal.startedAt, reason: 'requested' }, 'begun');
}

/** Ends a renewal that comes to nothing. A certificate that it got is not used any more; it is retired with the next old ones. */
export function closeRenewal(
  { db, audit }: Transaction,
  name: string,
  renewal: Renewal,
  now: number,
  end: { readonly outcome: 'superseded' | 'failed'; readonly data: EventData },
): void {
  endRenewal(db, renewal.id, end.outcome, now);
  if (!isObtaining(renewal)) markUnused(db, renewal.issuedId);
  audit({ type: `${renewal.kind}.${end.outcome}`, subject: name, data: withRenewal(renewal.id, end.data) });
}
