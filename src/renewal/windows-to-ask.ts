import type { Store } from '../store/store.ts';
import { statement } from '../store/statements.ts';

/** At most this many in one run; the rest come by at the next. */
const MOST = 1000;

/** Ids of the certificates whose renewal window is to be asked for. Never those that are due, expired or replaced (RFC 9773 section 4.3). */
export function windowsToAsk(store: Store, now: number): readonly number[] {
  const rows = store.read((db) =>
    statement(
      db,
      `SELECT id FROM certificate WHERE removed = 0 AND next_poll IS NOT NULL AND next_poll <= ? AND next_due > ?
       ORDER BY next_poll LIMIT ${MOST}`,
    ).all(now, now),
  );
  return rows.map((row) => row['id'] as number);
}
