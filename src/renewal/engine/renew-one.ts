import { withDeadline } from '../../concurrency/deadline.ts';
import { allVisibleWithinMs } from '../../config/challenge-for.ts';
import { asEverbindError, EverbindError, meaningOf, retryAfterOf } from '../../errors/error.ts';
import { deploy } from '../deployment/deploy.ts';
import { giveBackTokens, issuersWithRoom, noteFailedValidations, RateLimitedError } from '../ratelimits/limiter.ts';
import { waitForRoom } from '../ratelimits/wait.ts';
import { hasItsOwnReason, ISSUER_MS, overdue, refusedForMs } from '../schedule/issuer-backoff.ts';
import { certificateById, type ManagedCertificate } from '../state/certificate-table.ts';
import { noteOutage, noteRefusal } from '../state/issuer-health.ts';
import { isObtaining, type NotDeployed, type Obtaining, openRenewal, type Renewal } from '../state/renewal-table.ts';
import type { RunContext } from './engine-ports.ts';
import { obtain } from './obtain.ts';
import type { Outcome, Renewed, RolledBack } from './outcome.ts';
import { closeRenewal } from './end-attempt.ts';
import { failureData, recordFailure } from './record-failure.ts';
import { isOfTheOrder, isResumable, mayHaveIssued, recheckedForMs } from './resumable.ts';
import { begin, resumeOrBegin } from './resume-or-begin.ts';

/**
 * One renewal of one certificate, begun or resumed; null when there was nothing left to do for a certificate that is no
 * longer declared. Failure is data; only the wish to stop, and a database that does not take it, are thrown. Its
 * deadline ends what it waits for; from the first change at the web server on, nothing is cut off: that would come
 * between a change and the note of it.
 */
export async function renewOne(context: RunContext, certificate: ManagedCertificate): Promise<Outcome | null> {
  const { clock, signal } = context;
  // Each of its issuers in turn, and the wait for its turn at the web server.
  const ms = (certificate.config.issuers.length + 1) * ISSUER_MS + allVisibleWithinMs(certificate.config);
  context.onWork?.(ms);
  try {
    const outcome = await withDeadline(
      { clock, ms, signal, late: () => overdue('the renewal', ms), keeps: hasItsOwnReason },
      (attempt) => inTime({ ...context, signal: attempt }, certificate),
    );
    return outcome === null ? null : ((await anew(context, certificate, outcome)) ?? outcome);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof RateLimitedError)) return recordFailure(context, certificate, error);
    const { code, message, action } = error;
    const nextAttempt = await waitForRoom(context, certificate, error);
    return { kind: 'deferred', name: certificate.name, code, message, action, nextAttempt };
  }
}

async function inTime(context: RunContext, certificate: ManagedCertificate): Promise<Renewed | RolledBack | null> {
  const renewal = await resumeOrBegin(context, certificate);
  if (renewal === null) return null;
  return deploy(context, certificate, await obtained(context, certificate, renewal));
}

/**
 * Another renewal at once, where the first one only finished what was half-bound with a key that was revoked in
 * between, or by a configuration that was changed in between.
 */
async function anew(context: RunContext, { id }: ManagedCertificate, outcome: Outcome): Promise<Outcome | null> {
  if (outcome.kind !== 'renewed' || outcome.nextDue > context.clock.now()) return null;
  const certificate = context.store.read((db) => certificateById(db, id));
  if (certificate === null || certificate.removed) return null;
  const { dueReason } = certificate;
  return dueReason === 'revoked' || dueReason === 'redeploy' ? renewOne(context, certificate) : null;
}

type Obtained = Exclude<Renewal, Obtaining>;

/** From the issuer that the renewal is with, or from the next ones when it does not work or will not issue. */
async function obtained(context: RunContext, certificate: ManagedCertificate, begun: Renewal): Promise<Obtained> {
  if (!isObtaining(begun)) return begun;
  // What this machine cannot deploy is not ordered. What was ordered goes on: the CA may have issued it already.
  if (begun.step === 'started' || begun.step === 'key') {
    for (const config of certificate.config.deployments) await context.deploymentFor(config, certificate);
  }
  const tried = new Set<string>();
  for (let renewal = begun; ; ) {
    try {
      return await fromIssuer(context, certificate, renewal);
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

/**
 * Notes what the failure says of the issuer. The renewal with another one where it is the issuer's fault and there is
 * one; null otherwise.
 */
async function failOver(
  context: RunContext,
  certificate: ManagedCertificate,
  { issuer }: Obtaining,
  error: unknown,
  tried: ReadonlySet<string>,
): Promise<Obtaining | null> {
  const { store, clock } = context;
  if (!(await noteIssuerFault(context, certificate, issuer, error))) return null;
  const next = store.read((db) => issuersWithRoom(db, certificate, clock.now())).find((name) => !tried.has(name));
  if (next === undefined) return null;
  const open = store.read((db) => openRenewal(db, certificate.id));
  if (open !== null && isObtaining(open) && isResumable(error, open, clock.now()) && mayHaveIssued(context, open))
    return null;
  if (open !== null) {
    const data = { ...failureData(asEverbindError(error)), issuer, next };
    await store.commit((transaction) => {
      giveBackTokens(transaction, open, error, clock.now());
      closeRenewal(transaction, certificate.name, open, clock.now(), { outcome: 'failed', data });
    });
  }
  return begin(context, certificate, next);
}

/** Notes what a failed attempt says of its issuer. False when it says nothing: another issuer would see the same. */
async function noteIssuerFault(
  { store, clock, random }: RunContext,
  certificate: ManagedCertificate,
  issuer: string,
  error: unknown,
): Promise<boolean> {
  const { blames, resume } = meaningOf(error);
  if (blames !== 'issuer' && blames !== 'name') return false;
  const now = clock.now();
  const { code, facts } = asEverbindError(error);
  // A lone issuer that refuses is asked again all the same: there is nobody else.
  const isAlone = certificate.config.issuers.length < 2 && facts.link === undefined;
  if (blames === 'name' && isAlone) return false;
  await store.commit((transaction) => {
    // A certificate that this machine does not accept says little of the issuer, and nothing to other certificates.
    if (resume === 'recheck') return;
    if (blames === 'issuer') {
      const wish = code === 'ACME_HOST_BACKOFF' ? retryAfterOf(error) : null;
      noteOutage(transaction, issuer, code, now, { uniform: random.uniform(), wish });
    } else {
      const until = now + refusedForMs(retryAfterOf(error));
      noteRefusal(transaction, certificate, { issuer, until, code, link: facts.link ?? null });
    }
  });
  return true;
}

/** Within the time that one issuer has. */
function fromIssuer(context: RunContext, certificate: ManagedCertificate, renewal: Obtaining): Promise<NotDeployed> {
  const { clock, signal } = context;
  const ms = ISSUER_MS + allVisibleWithinMs(certificate.config);
  const late = (): Error => overdue(`the issuer ${renewal.issuer}`, ms, 'issuer');
  return withDeadline({ clock, ms, signal, late, keeps: hasItsOwnReason }, (attempt) =>
    obtainOrAnew({ ...context, signal: attempt }, certificate, renewal),
  );
}

async function obtainOrAnew(
  context: RunContext,
  certificate: ManagedCertificate,
  renewal: Obtaining,
): Promise<NotDeployed> {
  try {
    return await obtain(context, certificate, renewal);
  } catch (error) {
    const failure = asEverbindError(error);
    const givenUp = context.forced && 'orderUrl' in renewal && isOfTheOrder(failure);
    if (failure.code !== 'RENEWAL_ORDER_LOST' && !givenUp) throw error;
    context.signal.throwIfAborted();
    const wait = recheckedForMs(renewal, certificate.lastError?.code ?? null, context.clock.now());
    if (wait !== null && !context.forced) {
      const facts = { ...failure.facts, retryAfterMs: wait };
      throw new EverbindError(failure.code, failure.message, failure.details, { cause: failure, facts });
    }
    // Only an order of an earlier attempt can be lost, so this does not come round again.
    await context.store.commit((transaction) =>
      closeRenewal(transaction, certificate.name, renewal, context.clock.now(), {
        outcome: 'failed',
        data: failureData(failure),
      }),
    );
    return obtain(context, certificate, await begin(context, certificate, renewal.issuer));
  }
}
