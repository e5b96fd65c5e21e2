import { asEverbindError, type EverbindError } from '../errors/error.ts';
import type { EngineContext } from './context.ts';
import { isKeyLost, isResumable } from './failure.ts';
import { obtain } from './obtain.ts';
import { putToUse } from './put-to-use.ts';
import { closeRenewal } from './renewal-row.ts';
import { afterFailedRollBack, afterFailure } from './reschedule.ts';
import { retireOld } from './retire.ts';
import { openRenewal } from './rows.ts';
import { isBinding, isObtaining } from './steps.ts';
import { begin, takeUp } from './take-up.ts';
import type { ManagedCertificate, Outcome, Renewal } from './types.ts';

/**
 * One renewal of one certificate, begun or resumed; null when there was nothing left to do for a certificate that is no longer declared.
 * Failure is data; only the wish to stop, and a database that does not take it, are thrown.
 */
export async function renewOne(context: EngineContext, certificate: ManagedCertificate): Promise<Outcome | null> {
  try {
    const renewal = await takeUp(context, certificate);
    if (renewal === null) return null;
    return await finish(context, certificate, await obtained(context, certificate, renewal));
  } catch (error) {
    context.signal.throwIfAborted();
    return recordFailure(context, certificate, error);
  }
}

/** Brings a renewal from its certificate to its end. */
export async function finish(
  context: EngineContext,
  certificate: ManagedCertificate,
  renewal: Renewal,
): Promise<Outcome> {
  const reschedule = (renewal.kind === 'rollback' ? afterFailedRollBack : afterFailure)(context, certificate);
  const outcome = await putToUse(context, certificate, renewal, reschedule);
  // The new certificate serves already: what cannot be tidied up now is tidied up after the next renewal.
  if (outcome.kind === 'renewed') await retireOld(context, certificate).catch(() => {});
  return outcome;
}

async function obtained(context: EngineContext, certificate: ManagedCertificate, renewal: Renewal): Promise<Renewal> {
  if (!isObtaining(renewal.step)) return renewal;
  try {
    return await obtain(context, certificate, renewal);
  } catch (error) {
    const failure = asEverbindError(error);
    if (failure.code !== 'RENEWAL_ORDER_LOST') throw error;
    // Only an order of an earlier attempt can be lost, so this does not come round again.
    await context.store.commit((transaction) =>
      closeRenewal(transaction, certificate.name, renewal, context.clock.now(), {
        outcome: 'failed',
        data: failureData(failure),
      }),
    );
    return obtain(context, certificate, await begin(context, certificate));
  }
}

/** Notes why an attempt failed and when the next one comes. What can go on later stays open. */
export async function recordFailure(
  context: EngineContext,
  certificate: ManagedCertificate,
  error: unknown,
): Promise<Outcome> {
  const { store, clock } = context;
  const { name } = certificate;
  const failure = asEverbindError(error);
  const open = store.read((db) => openRenewal(db, certificate.id));
  const keep = open !== null && goesOnLater(open, error);
  const given = open?.kind === 'rollback' && !keep;
  const reschedule = (given ? afterFailedRollBack : afterFailure)(context, certificate);
  let nextAttempt = 0;
  await store.commit((transaction) => {
    nextAttempt = reschedule(failure, transaction);
    transaction.audit({
      type: 'renewal.attempt-failed',
      subject: name,
      data: { renewal: open?.id ?? null, step: open?.step ?? null, ...failureData(failure) },
    });
    if (open === null || keep) return;
    closeRenewal(transaction, name, open, clock.now(), { outcome: 'failed', data: { code: failure.code } });
  });
  context.onProgress?.({ name, step: 'renewal.attempt-failed' });
  const { code, message, action } = failure;
  return { kind: 'failed', name, code, message, action, nextAttempt };
}

/** A roll-back is an order of a person for now: unless bindings were changed it does not come back by itself. */
function goesOnLater({ kind, step }: Renewal, error: unknown): boolean {
  if (isBinding(step)) return true;
  if (isKeyLost(error)) return false;
  return kind === 'renewal' && (!isObtaining(step) || isResumable(error));
}

function failureData(failure: EverbindError): { readonly [key: string]: string | null } {
  const problem = failure.details['problem'];
  return {
    code: failure.code,
    problem: typeof problem === 'string' ? problem : null,
    message: failure.message.slice(0, 2000).toWellFormed(),
  };
}
