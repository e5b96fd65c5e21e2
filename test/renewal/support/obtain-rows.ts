import type { ManagedCertificate } from '../../../src/renewal/state/certificate-table.ts';
import { readEvents } from '../../../src/store/audit-read.ts';
import type { Store } from '../../../src/store/store.ts';

/** Types of the events about one subject (all without one), in order; from event number `from` on. */
export function eventTypes(store: Store, subject?: string, from = 0): readonly string[] {
  return eventsOf(store, subject, from).map(({ type }) => type);
}

/** An event as the log has it. */
export interface LoggedEvent {
  readonly seq: number;
  readonly type: string;
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Events about one subject (all without one), in order; from event number `from` on. */
export function eventsOf(store: Store, subject?: string, from = 0): readonly LoggedEvent[] {
  return readEvents(store, { from, ...(subject === undefined ? {} : { subject }) }).map(
    (text) => JSON.parse(text) as LoggedEvent,
  );
}

/** How many events there are: `from` of those that come next. */
export function eventCount(store: Store): number {
  return store.read((db) => db.prepare('SELECT count(*) AS n FROM audit_event').get()?.['n'] as number);
}

/** Rows of a table or query, for what no reader shows. */
export function rowsOf(store: Store, sql: string): readonly Readonly<Record<string, unknown>>[] {
  return store.read((db) =>
    db
      .prepare(sql)
      .all()
      .map((row) => ({ ...row })),
  );
}

/** The handles of all keys in the database but the audit log's. */
export function keyHandles(store: Store): readonly string[] {
  return rowsOf(store, `SELECT handle FROM custody_keys WHERE handle <> 'software:audit' ORDER BY handle`).map((row) =>
    String(row['handle']),
  );
}

/** What a failure leaves on a certificate. */
export function troubleOf({ failures, dueReason, lastError }: ManagedCertificate): object {
  return { failures, dueReason, code: lastError?.code ?? null };
}
