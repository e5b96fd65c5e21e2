import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../ports/clock.ts';
import { noteTime, latestTime } from '../../store/lease-row.ts';
import { statement } from '../../store/statements.ts';
import type { Store } from '../../store/store.ts';

/** A clock is set by less every day. */
const TOLERATED_MS = 60_000;

/**
 * Times that were counted from the clock of this machine, with the condition for those that were. What is counted from a certificate's own dates is
 * right whatever the clock said; budgets and holds of hosts note for themselves when they were written.
 */
const counted: readonly (readonly [table: string, column: string, where: string])[] = [
  ['certificate', 'next_due', `due_reason IN ('new', 'changed', 'revoked', 'requested', 'retry', 'rate-limit')`],
  ['certificate', 'next_poll', 'true'],
  ['issuer_health', 'closed_until', 'true'],
  ['issuer_refusal', 'until', 'true'],
  ['issued', 'retire_at', 'true'],
  ['key_deletion', 'destroy_at', 'true'],
  ['account', 'rollover_after', 'true'],
  ['account', 'key_at', 'true'],
  ['renewal', 'started_at', 'outcome IS NULL'],
  ['renewal', 'authorized_at', 'outcome IS NULL'],
];

/**
 * Puts right what was written while the clock was ahead, once it has been put back: an attempt that failed a year ahead would be repeated in a year,
 * when the certificate has long expired. What lies ahead comes earlier by as much as the clock was put back, or now. The caller holds the lease.
 */
export async function correctAfterClockPutBack(store: Store, clock: Clock): Promise<void> {
  const seen = store.read(latestTime);
  if (seen <= clock.now() + TOLERATED_MS) return;
  await store.commit(({ db, audit }) => {
    const now = clock.now();
    const ahead = seen - now;
    for (const [table, column, where] of counted) {
      const sql = `UPDATE ${table} SET ${column} = max(?, ${column} - ?) WHERE ${column} > ? AND ${where}`;
      statement(db, sql).run(now, ahead, now);
    }
    askForWindows(db, now);
    noteTime(db, now);
    audit({
      type: 'clock.put-back',
      subject: 'clock',
      data: { from: new Date(seen).toISOString(), to: new Date(now).toISOString() },
    });
  });
}

/** Nobody asks for the window of a certificate that seems to have expired, and would not for this one ever again. */
function askForWindows(db: DatabaseSync, now: number): void {
  statement(
    db,
    `UPDATE certificate SET next_poll = ? WHERE removed = 0 AND next_poll IS NULL AND EXISTS (SELECT 1 FROM issued i
     WHERE i.certificate_id = certificate.id AND i.status = 'active' AND i.revoked_at IS NULL AND i.not_after > ?)`,
  ).run(now, now);
}
