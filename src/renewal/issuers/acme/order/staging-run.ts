import type { OrderResource } from '../../../../acme/messages/order.ts';
import { acmeErrorType, AcmeProblemError, type Problem } from '../../../../acme/messages/problem.ts';
import { asEverbindError, EverbindError, meaningOf } from '../../../../errors/error.ts';
import { withDeadline } from '../../../../concurrency/deadline.ts';
import { allVisibleWithinMs } from '../../../../config/challenge-for.ts';
import { buildCsr } from '../../../../pki/x509/csr.ts';
import type { IssuanceRequest } from '../../../../ports/issuer.ts';
import type { Signer } from '../../../../ports/signer.ts';
import type { ManagedCertificate } from '../../../state/certificate-table.ts';
import { overdue, STAGING_MS } from '../../../schedule/issuer-backoff.ts';
import { isUrgent } from '../../../state/issued-table.ts';
import { scheduleKeyDeletion } from '../../../state/key-deletions.ts';
import {
  endStagingRun,
  noteStagingOrder,
  type StagingRun,
  wantedStagingRun,
} from '../../../state/staging-run-table.ts';
import { openOrMake } from '../account/account-session.ts';
import type { AcmeRun, IssuerSession } from '../acme-ports.ts';
import { authorize } from '../authorization/authorize.ts';

/**
 * After a failure that counts against limits of the CA the next attempt is tried at its staging environment first, with
 * an account and keys of its own. Returns when the real CA is to be asked: what the staging environment issues is never
 * fetched, and one that does not work, or refuses for its own reasons, keeps no certificate from being renewed. Throws
 * RENEWAL_STAGING_RUN_FAILED when the validation of a name fails, and what keeps its challenge response from being
 * seen. A kill loses nothing: the next run goes on with the order of the staging run, or with the real one.
 */
export async function runAtStaging(
  run: AcmeRun,
  { config: { name: issuer, staging } }: IssuerSession,
  certificate: ManagedCertificate,
  request: IssuanceRequest,
): Promise<void> {
  const { store, clock, signal } = run;
  const stagingRun = store.read((db) =>
    isUrgent(db, certificate.id, clock.now()) ? null : wantedStagingRun(db, certificate.id),
  );
  if (stagingRun === null || staging === null || stagingRun.over === request.renewalId) return;
  try {
    const ms = STAGING_MS + allVisibleWithinMs(certificate.config);
    const late = (): Error => overdue(`the staging environment of ${issuer}`, ms, 'issuer');
    const order = await withDeadline({ clock, ms, signal, late }, (staging) =>
      stagingOrder({ ...run, signal: staging }, issuer, certificate, request, stagingRun),
    );
    await endStagingRun(store, request, 'staging-run.passed', { issuer, order });
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = asEverbindError(error);
    const data = { issuer, code, message: message.slice(0, 2000).toWellFormed() };
    if (isOfTheValidation(error)) {
      await endStagingRun(store, request, 'staging-run.failed', data);
      throw new EverbindError('RENEWAL_STAGING_RUN_FAILED', `at the staging environment of ${issuer}: ${message}`, {
        code,
      });
    }
    const wouldFailThereToo = meaningOf(error).blames === 'host' && !(error instanceof AcmeProblemError);
    await endStagingRun(store, request, wouldFailThereToo ? 'staging-run.failed' : 'staging-run.skipped', data);
    if (wouldFailThereToo) throw error;
  }
}

/** URL of an order that went through as far as the certificate. */
async function stagingOrder(
  run: AcmeRun,
  issuer: string,
  certificate: ManagedCertificate,
  request: IssuanceRequest,
  stagingRun: StagingRun,
): Promise<string> {
  return run.stagingSessions.use(
    issuer,
    async (session) => {
      const { client } = session;
      const { identifiers } = request;
      const { signal } = run;
      let order = await openStagingOrder(run, session, request, stagingRun);
      if (order.order.status === 'pending') {
        [order] = await authorize(run, client, certificate, request, order, {
          noteReady: async () => {},
          noteFailing: async () => {},
        });
      }
      if (order.order.status === 'ready') {
        const csr = await buildCsr({ identifiers, signer: await throwAwayKey(run, request) });
        order = { url: order.url, ...(await client.finalize(order.order.finalize, csr, signal)) };
      }
      if (order.order.status !== 'valid') await client.waitForOrder(order.url, { until: 'valid', identifiers, signal });
      return order.url;
    },
    run.signal,
  );
}

/** Destroyed at the end of the run, also of another one after a kill: noted before it is made. */
async function throwAwayKey(
  { store, keys, clock }: AcmeRun,
  { name, renewalId, algorithm }: IssuanceRequest,
): Promise<Signer> {
  const handle = `${keys.storeFor('software').provider}:staging-${renewalId}`;
  await store.commit((transaction) => scheduleKeyDeletion(transaction, name, handle, clock.now()));
  return openOrMake(keys, handle, algorithm);
}

async function openStagingOrder(
  { signal, store, clock }: AcmeRun,
  { client, accountUrl, config }: IssuerSession,
  request: IssuanceRequest,
  { orderUrl, accountUrl: orderedBy }: StagingRun,
): Promise<OrderResource> {
  const { identifiers } = request;
  if (orderUrl !== null && orderedBy === accountUrl) {
    const begun = await client.getOrder(orderUrl, { identifiers, signal }).catch(() => null);
    signal.throwIfAborted();
    const open = begun !== null && begun.order.status !== 'invalid' && (begun.order.expires ?? Infinity) > clock.now();
    if (open) return begun;
  }
  const { meta } = await client.directory(signal);
  const { profile } = config;
  const order = await client.newOrder(
    // A profile may be new at the staging environment, or gone already.
    { identifiers, ...(profile !== null && meta.profiles?.has(profile) === true ? { profile } : {}) },
    signal,
  );
  await noteStagingOrder(store, request, { issuer: config.name, order: order.url, account: accountUrl });
  return order;
}

// RFC 8555 section 6.7: what is wrong with how a name is validated. The real CA would see the same.
const OF_VALIDATION: ReadonlySet<string | null> = new Set([
  'caa',
  'connection',
  'dns',
  'incorrectResponse',
  'tls',
  'unauthorized',
]);

/** Whether a validation has failed, rather than the environment, or what it will have. */
function isOfTheValidation(error: unknown): boolean {
  if (!(error instanceof AcmeProblemError) || error.code === 'ACME_PROBLEM') return false;
  const fits = (problem: Problem): boolean =>
    OF_VALIDATION.has(acmeErrorType(problem)) || problem.subproblems.some((part) => fits(part));
  return fits(error.problem);
}
