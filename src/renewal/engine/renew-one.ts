import { asEverbindError, type EverbindError } from '../../errors/error.ts';
import { mayHaveIssued } from './may-have-issued.ts';
import { giveBackTokens, noteFailedValidations } from '../ratelimits/limiter.ts';
import { issuersWithRoom } from './choose-issuer.ts';
import type { RunContext } from './run-context.ts';
import { isKeyLost, isResumable } from './failure.ts';
import { noteIssuerFault } from '../state/issuer-health.ts';
import { obtain } from '../issuers/acme/obtain.ts';
import { isPaused, linkOf } from '../state/paused.ts';
import { deploy } from '../deployment/deploy.ts';
import { closeRenewal } from '../state/renewal-row.ts';
import { afterFailedRollBack, afterFailure } from './reschedule.ts';
import { retireOld } from '../deployment/retire.ts';
import { certificateById, openRenewal } from '../state/rows.ts';
import { isBinding, isObtaining } from '../state/steps.ts';
import { begin, resumeOrBegin } from './resume-or-begin.ts';
import type { ManagedCertificate, Outcome, Renewal } from '../state/types.ts';
import { isRateLimited, waitForRoom } from '../ratelimits/wait.ts';

/**
 * One renewal of one certificate, begun or resumed; null when there was nothing left to do for a certificate that is no longer declared.
 * Failure is data; only the wish to stop, and a database that does not take it, are thrown.
 */
export async function renewOne(context: RunContext, certificate: ManagedCertificate): Promise<Outcome | null> {
  try {
    const renewal = await resumeOrBegin(context, certificate);
    if (renewal === null) return null;
    const outcome = await finish(context, certificate, await obtained(context, certificate, renewal));
    return (await anew(context, certificate, outcome)) ?? outcome;
  } catch (error) {
    context.signal.throwIfAborted();
    if (isRateLimited(error)) return waitForRoom(context, certificate, error);
    return recordFailure(context, certificate, error);
  }
}

/** Another renewal at once, where the first one only finished what was half-bound with a key that was revoked in between. */
async function anew(context: RunContext, { id }: ManagedCertificate, outcome: Outcome): Promise<Outcome | null> {
  if (outcome.kind !== 'renewed' || outcome.nextDue > context.clock.now()) return null;
  const certificate = context.store.read((db) => certificateById(db, id));
  const wanted = certificate?.dueReason === 'revoked' && !certificate.removed;
  return wanted ? renewOne(context, certificate) : null;
}

/** Brings a renewal from its certificate to its end. */
export async function finish(context: RunContext, certificate: ManagedCertificate, renewal: Renewal): Promise<Outcome> {
  const reschedule = (renewal.kind === 'rollback' ? afterFailedRollBack : afterFailure)(context, certificate);
  const outcome = await deploy(context, certificate, renewal, reschedule);
  // The new certificate serves already: what cannot be tidied up now is tidied up after the next renewal.
  if (outcome.kind === 'renewed') await retireOld(context, certificate).catch(() => {});
  return outcome;
}

/** From the issuer that the renewal is with, or from the next ones when it does not work or will not issue. */
async function obtained(context: RunContext, certificate: ManagedCertificate, begun: Renewal): Promise<Renewal> {
  if (!isObtaining(begun.step)) return begun;
  // What this machine cannot deploy is not ordered.
  await context.deploymentsFor(certificate.config);
  const tried = new Set<string>();
  for (let renewal = begun; ; ) {
    try {
      return await obtainOrAnew(context, certificate, renewal);
    } catch (error) {
      context.signal.throwIfAborted();
      await noteFailedValidations(context, renewal, error);
      tried.add(renewal.issuer);
      const next = await failOver(context, certificate, renewal, error, tried);
      if (next === null) throw error;
      renewal = next;
    }
  }
}

/** Notes what the failure says of the issuer. The renewal with another one where it is the issuer's fault and there is one; null otherwise. */
async function failOver(
  context: RunContext,
  certificate: ManagedCertificate,
  { issuer }: Renewal,
  error: unknown,
  tried: ReadonlySet<string>,
): Promise<Renewal | null> {
  const { store, clock } = context;
  if (certificate.config.issuers.length < 2 && !isPaused(error)) return null;
  if (!(await noteIssuerFault(context, certificate, issuer, error))) return null;
  const next = store.read((db) => issuersWithRoom(db, certificate, clock.now())).find((name) => !tried.has(name));
  if (next === undefined) return null;
  const open = store.read((db) => openRenewal(db, certificate.id));
  if (open !== null && isResumable(error, open, clock.now()) && mayHaveIssued(context, certificate, open)) return null;
  if (open !== null) {
    const data = { ...failureData(asEverbindError(error)), issuer, next };
    await store.commit((transaction) => {
      giveBackTokens(transaction, open, error, clock.now());
      closeRenewal(transaction, certificate.name, open, clock.now(), { outcome: 'failed', data });
    });
  }
  return begin(context, certificate, next);
}

async function obtainOrAnew(context: RunContext, certificate: ManagedCertificate, renewal: Renewal): Promise<Renewal> {
  const issue = context.obtain ?? obtain;
  try {
    return await issue(context, certificate, renewal);
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
    return issue(context, certificate, await begin(context, certificate, renewal.issuer));
  }
}

/** Notes why an attempt failed and when the next one comes. What can go on later stays open. */
export async function recordFailure(
  context: RunContext,
  certificate: ManagedCertificate,
  error: unknown,
): Promise<Outcome> {
  const { store, clock } = context;
  const { name } = certificate;
  const failure = asEverbindError(error);
  const open = store.read((db) => openRenewal(db, certificate.id));
  const keep = open !== null && goesOnLater(open, error, clock.now());
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
    giveBackTokens(transaction, open, error, clock.now());
    closeRenewal(transaction, name, open, clock.now(), { outcome: 'failed', data: { code: failure.code } });
  });
  context.onProgress?.({ name, step: 'renewal.attempt-failed' });
  const { code, message, action } = failure;
  return { kind: 'failed', name, code, message, action, link: linkOf(failure), nextAttempt };
}

/** A roll-back is an order of a person for now: unless bindings were changed it does not come back by itself. */
function goesOnLater(renewal: Renewal, error: unknown, now: number): boolean {
  const { kind, step } = renewal;
  if (isBinding(step)) return true;
  if (isKeyLost(error)) return false;
  return kind === 'renewal' && (!isObtaining(step) || isResumable(error, renewal, now));
}

function failureData(failure: EverbindError): { readonly [key: string]: string | null } {
  const problem = failure.details['problem'];
  return {
    code: failure.code,
    problem: typeof problem === 'string' ? problem : null,
    message: failure.message.slice(0, 2000).toWellFormed(),
  };
}
