import { asEverbindError, EverbindError } from '../../errors/error.ts';
import type { EndpointCheck } from '../../ports/deployment.ts';
import type { RunContext } from '../engine/engine-ports.ts';
import type { RolledBack } from '../engine/outcome.ts';
import { afterAbandoned, afterFailure } from '../engine/end-attempt.ts';
import { markFailed } from '../state/issued-table.ts';
import { type Deploying, endRenewal, journalStep, type NotDeployed } from '../state/renewal-table.ts';
import { checkData, type DeploymentJob, type Planned } from './deployment-job.ts';

/** A verify that fails this often in a row is not the record's fault: the next attempt asks for another certificate. */
const MOST_ROLLBACKS = 3;

interface Reason {
  readonly failure: EverbindError;
  readonly checks: readonly EndpointCheck[];
}

/**
 * Restores what the bindings were, looks at what is served then, and schedules the next attempt, which binds the same
 * certificate again: it is good, and CAs count. Throws RENEWAL_NOT_RESTORED when something could not be written back;
 * the next run tries that again.
 */
export async function restoreBindings(
  context: RunContext,
  { certificate, issued }: DeploymentJob,
  begun: Deploying,
  planned: readonly Planned[],
  { failure, checks }: Reason,
): Promise<RolledBack> {
  const { store, clock, onProgress } = context;
  const { name } = certificate;
  const { code, message } = failure;
  const progress = (type: string): void => onProgress?.({ name, step: type });
  let renewal = begun;
  if (begun.step !== 'restoring') {
    const data = { code, message: message.toWellFormed(), endpoints: checks.map(checkData) };
    const type = 'verification.failed';
    renewal = await journalStep(store, name, begun, { ...begun, step: 'restoring' }, { type, data });
    progress(type);
  }
  const { restored, foreign } = await restoreAll(planned);
  const { kind } = renewal;
  const rollbacks = renewal.rollbacks + 1;
  const abandoned = rollbacks >= MOST_ROLLBACKS || kind === 'rollback';
  const told = verdict(failure, restored, foreign);
  const reschedule = (abandoned ? afterAbandoned(kind) : afterFailure)(context, certificate);
  let nextAttempt = clock.now();
  const { planned: _, ...rest } = renewal;
  const next: NotDeployed = { ...rest, step: 'issued', rollbacks };
  const type = 'bindings.restored';
  const data = { code: told.code, endpoints: restored.map(checkData), abandoned };
  await journalStep(store, name, renewal, next, { type, data }, (transaction) => {
    nextAttempt = reschedule(told, transaction);
    if (!abandoned) return;
    endRenewal(transaction.db, renewal.id, 'rolledBack', clock.now());
    if (kind === 'renewal') markFailed(transaction.db, issued.id);
  });
  progress(type);
  return { kind: 'rolledBack', name, code: told.code, message: told.message, endpoints: checks, restored, nextAttempt };
}

interface Restored {
  readonly restored: readonly EndpointCheck[];
  /** What somebody else has changed since, and so was skipped; null when nothing was. */
  readonly foreign: EverbindError | null;
}

/** Restores the deployment that was applied last first; one that fails does not keep the others from it. */
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
  const wrong = restored.filter(({ outcome }) => outcome === 'failed');
  const [first] = wrong;
  if (first === undefined) return failure;
  return new EverbindError(
    'RENEWAL_NOT_RESTORED',
    `the records are restored, but ${wrong.length} of ${restored.length} endpoints do not serve what they served; ${first.endpoint}: ${first.message}; before that: ${failure.message}`,
    { cause: failure.code },
  );
}
