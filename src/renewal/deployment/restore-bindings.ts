import { asEverbindError, EverbindError } from '../../errors/error.ts';
import type { EndpointCheck } from '../../ports/deployment.ts';
import { statement } from '../../store/statements.ts';
import type { RunContext } from '../engine/run-context.ts';
import type { Reschedule } from '../engine/reschedule.ts';
import type { Outcome, Renewal } from '../state/types.ts';
import { checkData, type Planned, type Use } from './deployment-job.ts';

/** A verify that fails this often in a row is not the record's fault: the next attempt asks for another certificate. */
const MOST_ROLLBACKS = 3;

interface Reason {
  readonly failure: EverbindError;
  readonly checks: readonly EndpointCheck[];
}

/**
 * Restores what the bindings were, looks at what is served then, and schedules the next attempt, which binds the same certificate again: it
 * is good, and CAs count. Throws RENEWAL_NOT_RESTORED when something could not be written back; the next run tries that again.
 */
export async function restoreBindings(
  context: RunContext,
  { certificate, issued }: Use,
  begun: Renewal,
  planned: readonly Planned[],
  { failure, checks }: Reason,
  reschedule: Reschedule,
): Promise<Extract<Outcome, { kind: 'rolledBack' }>> {
  const { journal, clock } = context;
  const { name } = certificate;
  const { code, message } = failure;
  const renewal =
    begun.step === 'restoring'
      ? begun
      : await journal.step(begun, name, {
          changes: { step: 'restoring' },
          type: 'verification.failed',
          data: { code, message: message.toWellFormed(), endpoints: checks.map(checkData) },
        });
  const { restored, foreign } = await restoreAll(planned);
  const rollbacks = renewal.rollbacks + 1;
  const givenUp = rollbacks >= MOST_ROLLBACKS || renewal.kind === 'rollback';
  const told = verdict(failure, restored, foreign);
  let nextAttempt = clock.now();
  await journal.step(
    renewal,
    name,
    {
      changes: { step: 'issued', rollbacks },
      type: 'bindings.restored',
      data: { code: told.code, endpoints: restored.map(checkData), givenUp },
    },
    (transaction) => {
      nextAttempt = reschedule(told, transaction);
      if (!givenUp) return;
      statement(transaction.db, `UPDATE renewal SET outcome = 'rolledBack', finished_at = ? WHERE id = ?`).run(
        clock.now(),
        renewal.id,
      );
      if (renewal.kind === 'rollback') return;
      statement(transaction.db, `UPDATE issued SET status = 'failed' WHERE id = ?`).run(issued.id);
    },
  );
  return {
    kind: 'rolledBack',
    name,
    code: told.code,
    message: told.message,
    endpoints: checks,
    restored,
    nextAttempt,
  };
}

interface Restored {
  readonly restored: readonly EndpointCheck[];
  /** What somebody else has changed since and so was left alone; null when nothing was. */
  readonly foreign: EverbindError | null;
}

/** The last one that was applied is undone first; one that fails does not keep the others from it. */
async function restoreAll(planned: readonly Planned[]): Promise<Restored> {
  const restored: EndpointCheck[] = [];
  const failures: EverbindError[] = [];
  for (const { deployment, plan } of planned.toReversed()) {
    try {
      restored.push(...(await deployment.restore(plan)));
    } catch (error) {
      failures.push(asEverbindError(error));
    }
  }
  const own = failures.find(({ code }) => code !== 'IIS_RECORD_CHANGED_BY_OTHERS');
  if (own !== undefined) {
    throw new EverbindError('RENEWAL_NOT_RESTORED', own.message, { cause: own.code }, { cause: own });
  }
  return { restored, foreign: failures[0] ?? null };
}

/** That the earlier state is not what visitors see is worse news than why it had to be restored. */
function verdict(
  failure: EverbindError,
  restored: readonly EndpointCheck[],
  foreign: EverbindError | null,
): EverbindError {
  if (foreign !== null) {
    return new EverbindError('RENEWAL_NOT_RESTORED', `${foreign.message}; before that: ${failure.message}`, {
      cause: failure.code,
    });
  }
  const wrong = restored.filter(({ ok }) => !ok);
  const [first] = wrong;
  if (first === undefined) return failure;
  return new EverbindError(
    'RENEWAL_NOT_RESTORED',
    `the records are restored, but ${wrong.length} of ${restored.length} endpoints do not serve what they served; ${first.endpoint}: ${first.message}; before that: ${failure.message}`,
    { cause: failure.code },
  );
}
