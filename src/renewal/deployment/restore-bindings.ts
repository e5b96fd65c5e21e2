import { asEverbindError, errorCode, EverbindError } from '../../errors/error.ts';
import type { EndpointCheck } from '../../ports/deployment.ts';
import type { RunContext } from '../engine/engine-ports.ts';
import type { ErrorCode } from '../../errors/table.ts';
import type { Renewed, RolledBack } from '../engine/outcome.ts';
import { afterAbandoned, afterFailure } from '../engine/end-attempt.ts';
import { markFailed } from '../state/issued-table.ts';
import { type Deploying, endRenewal, journalStep, type NotDeployed, writeStep } from '../state/renewal-table.ts';
import { checkData, type DeploymentJob, type Planned } from './deployment-job.ts';

/** A verify that fails this often in a row is not the record's fault: the next attempt asks for another certificate. */
const MOST_ROLLBACKS = 3;
/** After so many failures in a row, about a day, what could not be restored is left as it is. */
const MOST_RESTORE_FAILURES = 8;

/** What no later attempt can restore: it is somebody else's by now, or gone, or nobody can read what it was. */
const BEYOND_RESTORING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'IIS_RECORD_CHANGED_BY_OTHERS',
  'IIS_RECORD_NOT_RESTORABLE',
  'IIS_SITE_UNKNOWN',
  'IIS_PLAN_INVALID',
]);

interface Restoring {
  readonly planned: readonly Planned[];
  /** Why a deployment of the plan cannot be had any more; null: all are there. */
  readonly gone: EverbindError | null;
  readonly failure: EverbindError;
  readonly checks: readonly EndpointCheck[];
  /** Commits the renewal when every visitor gets its certificate by now. */
  servedMeanwhile(): Promise<Renewed | null>;
}

/**
 * Restores what the bindings were, looks at what is served then, and schedules the next attempt, which binds the same
 * certificate again: it is good, and CAs count. What nobody can restore any more keeps the new certificate. Throws
 * RENEWAL_NOT_RESTORED when something else could not be written back; the next run tries that again, or commits when
 * visitors get the new certificate by then. That ends after about a day, and at once when a person forces it: the
 * renewal is abandoned, and the next attempt asks for another certificate.
 */
export async function restoreBindings(
  context: RunContext,
  { certificate, issued }: DeploymentJob,
  begun: Deploying,
  { planned, gone, failure, checks, servedMeanwhile }: Restoring,
): Promise<Renewed | RolledBack> {
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
  const { restored, lost, failed } = await restoreAll(planned);
  if (failed !== null) {
    const resumed = begun.step === 'restoring';
    const served = resumed ? await servedMeanwhile() : null;
    if (served !== null) return served;
    const restoreFailures = renewal.restoreFailures + 1;
    if (restoreFailures < MOST_RESTORE_FAILURES && !(resumed && context.forced)) {
      const next: Deploying = { ...renewal, restoreFailures };
      await store.commit((transaction) => writeStep(transaction, renewal, next));
      throw new EverbindError('RENEWAL_NOT_RESTORED', failed.message, { cause: failed.code }, { cause: failed });
    }
  }
  const { kind } = renewal;
  const rollbacks = renewal.rollbacks + 1;
  const abandoned = failed !== null || rollbacks >= MOST_ROLLBACKS || kind === 'rollback';
  const told = verdict(failure, restored, failed ?? lost ?? gone);
  const reschedule = (abandoned ? afterAbandoned(kind) : afterFailure)(context, certificate);
  let nextAttempt = clock.now();
  const { planned: _, restoreFailures: __, ...rest } = renewal;
  const next: NotDeployed = { ...rest, step: 'issued', rollbacks };
  const type = 'bindings.restored';
  const data = {
    code: told.code,
    message: told.message.slice(0, 2000).toWellFormed(),
    endpoints: restored.map(checkData),
    abandoned,
  };
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
  /** What is beyond restoring, and so was skipped; null when nothing was. */
  readonly lost: EverbindError | null;
  /** What could not be restored for now; null when all else was. */
  readonly failed: EverbindError | null;
}

/** Restores the deployment that was applied last first; one that fails does not keep the others from it. */
async function restoreAll(planned: readonly Planned[]): Promise<Restored> {
  const restored: EndpointCheck[] = [];
  const failures: EverbindError[] = [];
  for (const { deployment, plan } of planned.toReversed()) {
    try {
      restored.push(...(await deployment.restore(plan)));
    } catch (error) {
      // Another process restores by now.
      if (errorCode(error) === 'STORE_LEASE_LOST') throw error;
      failures.push(asEverbindError(error));
    }
  }
  const isLost = ({ code }: EverbindError): boolean => BEYOND_RESTORING.has(code);
  return {
    restored,
    lost: failures.find(isLost) ?? null,
    failed: failures.find((failure) => !isLost(failure)) ?? null,
  };
}

/** That the earlier state is not what visitors see is worse news than why it had to be restored. */
function verdict(
  failure: EverbindError,
  restored: readonly EndpointCheck[],
  left: EverbindError | null,
): EverbindError {
  if (left !== null) {
    return new EverbindError('RENEWAL_NOT_RESTORED', `${left.message}; before that: ${failure.message}`, {
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
