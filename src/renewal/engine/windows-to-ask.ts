import type { Store } from '../../store/store.ts';
import { statement } from '../../store/statements.ts';

/** A certificate whose renewal window is to be asked for. */
export interface RenewalInfoToPoll {
  /** Of the managed certificate. */
  readonly id: number;
  /** What is in use; null when nothing is. */
  readonly active: { readonly issuer: string; readonly ariId: string | null; readonly notAfter: number } | null;
  /** What the CA said last; null before the first answer. */
  readonly known: { readonly start: number; readonly end: number; readonly explanationUrl: string | null } | null;
}

/** The first of those that may be asked for. Never those that are due or replaced (RFC 9773 section 4.3). */
export function renewalInfoToPoll(store: Store, now: number, limit: number): readonly RenewalInfoToPoll[] {
  const rows = store.read((db) =>
    statement(
      db,
      `SELECT c.id, c.window_start, c.window_end, c.explanation_url, i.issuer, i.ari_id, i.not_after FROM certificate c
       LEFT JOIN issued i ON i.certificate_id = c.id AND i.status = 'active'
       WHERE c.removed = 0 AND c.next_poll IS NOT NULL AND c.next_poll <= ? AND c.next_due > ? ORDER BY c.next_poll LIMIT ?`,
    ).all(now, now, limit),
  );
  return rows.map((row) => ({
    id: row['id'] as number,
    active:
      row['issuer'] === null
        ? null
        : {
            issuer: row['issuer'] as string,
            ariId: row['ari_id'] as string | null,
            notAfter: row['not_after'] as number,
          },
    known:
      row['window_start'] === null
        ? null
        : {
            start: row['window_start'] as number,
            end: row['window_end'] as number,
            explanationUrl: row['explanation_url'] as string | null,
          },
  }));
}
