import { retryAfterOf } from '../../acme/session/response.ts';
import type { EverbindError } from '../../errors/error.ts';
import { statement } from '../../store/statements.ts';
import type { Transaction } from '../../store/store.ts';
import type { RunContext } from './run-context.ts';
import { isPaused } from '../state/paused.ts';
import { noteCostly } from '../state/staging-run-table.ts';
import { issuedWith } from '../state/rows.ts';
import { backoffMs, type Due, dueAt } from '../schedule/due-date.ts';
import type { LastError, ManagedCertificate } from '../state/types.ts';

/** Notes a failure and when to try again, inside the transaction that closes the attempt. Returns that time. */
export type Reschedule = (failure: EverbindError, transaction: Transaction) => number;

/** A person has to act first. */
const UNTIL_LIFTED = 86_400_000;

/** After a failed renewal: by the backoff rule. */
export function afterFailure({ clock, random }: RunContext, { id, failures }: ManagedCertificate): Reschedule {
  return (failure, { db }) => {
    const now = clock.now();
    noteCostly(db, id, failure.code);
    const [active] = issuedWith(db, id, 'active');
    const wait = backoffMs({
      failures: failures + 1,
      uniform: random.uniform(),
      retryAfterMs: retryAfterOf(failure) ?? (isPaused(failure) ? UNTIL_LIFTED : null),
      remainingMs: active === undefined ? null : active.notAfter - now,
    });
    statement(
      db,
      `UPDATE certificate SET next_due = ?, due_reason = 'retry', failures = failures + 1, last_error = ? WHERE id = ?`,
    ).run(now + wait, noteOf(failure, now), id);
    return now + wait;
  };
}

/** After a failed roll-back, which is not tried again by itself: when the certificate that stays in use is due. */
export function afterFailedRollBack({ clock }: RunContext, { id }: ManagedCertificate): Reschedule {
  return (failure, { db }) => {
    const now = clock.now();
    const [active] = issuedWith(db, id, 'active');
    const row = statement(db, 'SELECT selected FROM certificate WHERE id = ?').get(id);
    const due: Due =
      active === undefined ? { at: now, reason: 'new' } : dueAt(active, (row?.['selected'] ?? null) as number | null);
    statement(db, 'UPDATE certificate SET next_due = ?, due_reason = ?, last_error = ? WHERE id = ?').run(
      due.at,
      due.reason,
      noteOf(failure, now),
      id,
    );
    return due.at;
  };
}

function noteOf(failure: EverbindError, at: number): string {
  const note: LastError = { code: failure.code, message: failure.message.slice(0, 2000).toWellFormed(), at };
  return JSON.stringify(note);
}
