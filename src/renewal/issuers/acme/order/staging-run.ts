import { acmeErrorType, AcmeProblemError, type Problem } from '../../../../acme/messages/problem.ts';
import type { OrderResource } from '../../../../acme/messages/order.ts';
import { asEverbindError, EverbindError } from '../../../../errors/error.ts';
import { buildCsr } from '../../../../pki/x509/csr.ts';
import type { Signer } from '../../../../ports/signer.ts';
import { authorize } from '../authorization/authorize.ts';
import type { RunContext } from '../../../engine/run-context.ts';
import type { IssuerSession } from '../account/issuer-session.ts';
import { openOrMake } from '../account/open-key.ts';
import {
  endStagingRun,
  noteStagingOrder,
  type StagingRun,
  wantedStagingRun,
} from '../../../state/staging-run-table.ts';
import { scheduleKeyDeletion } from '../../../state/key-deletions.ts';
import type { ManagedCertificate, Renewal } from '../../../state/types.ts';

/**
 * After a failure that counts against limits of the CA the next attempt is tried at its staging environment first, with an account and keys of its
 * own. Returns when the real CA is to be asked: what the staging environment issues is never fetched, and one that does not work, or refuses
 * for its own reasons, keeps no certificate from being renewed. Throws RENEWAL_STAGING_RUN_FAILED when the proof of a name fails, and what
 * fails on our side. A kill loses nothing: the next run goes on with the order of the rehearsal, or with the real one.
 */
export async function runAtStaging(
  context: RunContext,
  { config: { name: issuer, staging } }: IssuerSession,
  certificate: ManagedCertificate,
  renewal: Renewal,
): Promise<void> {
  const { store, clock, signal } = context;
  const rehearsal = store.read((db) => wantedStagingRun(db, certificate.id, clock.now()));
  if (rehearsal === null || staging === null || rehearsal.over === renewal.id) return;
  // The real CA was asked already.
  if (renewal.step !== 'started' && renewal.step !== 'key') return;
  try {
    const order = await stagingOrder(context, certificate, renewal, rehearsal);
    await endStagingRun(store, certificate, renewal, 'staging-run.passed', { issuer, order });
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = asEverbindError(error);
    const data = { issuer, code, message: message.slice(0, 2000).toWellFormed() };
    if (isOfTheProof(error)) {
      await endStagingRun(store, certificate, renewal, 'staging-run.failed', data);
      throw new EverbindError('RENEWAL_STAGING_RUN_FAILED', `at the staging environment of ${issuer}: ${message}`, {
        code,
      });
    }
    if (isOurs(error)) throw error;
    await endStagingRun(store, certificate, renewal, 'staging-run.skipped', data);
  }
}

/** URL of an order that went through as far as the certificate. */
async function stagingOrder(
  context: RunContext,
  certificate: ManagedCertificate,
  renewal: Renewal,
  rehearsal: StagingRun,
): Promise<string> {
  const session = await context.stagingSessions.open(renewal.issuer);
  try {
    const { client } = session;
    const { identifiers } = renewal;
    const { signal } = context;
    let order = await openOrder(context, session, certificate, renewal, rehearsal);
    if (order.order.status === 'pending') {
      [order] = await authorize(context, client, certificate, renewal, order, async () => {});
    }
    if (order.order.status === 'ready') {
      const signer = await throwAwayKey(context, certificate, renewal);
      const csr = await buildCsr({ identifiers, signer });
      order = { url: order.url, ...(await client.finalize(order.order.finalize, csr, signal)) };
    }
    if (order.order.status !== 'valid') await client.waitForOrder(order.url, { until: 'valid', identifiers, signal });
    return order.url;
  } catch (error) {
    await context.stagingSessions.checkAccount(session, error, context.signal);
    throw error;
  }
}

/** Destroyed at the end of the run, also of another one after a kill: noted before it is made. */
async function throwAwayKey(
  { store, keys, clock }: RunContext,
  { name }: ManagedCertificate,
  { id, algorithm }: Renewal,
): Promise<Signer> {
  const handle = `${keys.storeFor('software').provider}:rehearsal-${id}`;
  await store.commit((transaction) => scheduleKeyDeletion(transaction, name, handle, clock.now()));
  return openOrMake(keys, handle, algorithm);
}

async function openOrder(
  context: RunContext,
  { client, accountUrl, config }: IssuerSession,
  certificate: ManagedCertificate,
  renewal: Renewal,
  { orderUrl, accountUrl: orderedBy }: StagingRun,
): Promise<OrderResource> {
  const { signal, store, clock } = context;
  const { identifiers } = renewal;
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
  await noteStagingOrder(store, certificate, renewal, { issuer: config.name, order: order.url, account: accountUrl });
  return order;
}

// RFC 8555 section 6.7: what is wrong with how a name is proved. The real CA would see the same.
const proof: ReadonlySet<string | null> = new Set([
  'caa',
  'connection',
  'dns',
  'incorrectResponse',
  'tls',
  'unauthorized',
]);

/** Whether a proof has failed, rather than the environment, or what it will have. */
function isOfTheProof(error: unknown): boolean {
  if (!(error instanceof AcmeProblemError) || error.code === 'ACME_PROBLEM') return false;
  const isProof = (problem: Problem): boolean =>
    proof.has(acmeErrorType(problem)) || problem.subproblems.some((part) => isProof(part));
  return isProof(error.problem);
}

/** What this machine could not do, whichever CA it is for. */
function isOurs(error: unknown): boolean {
  return error instanceof EverbindError && /^(STORE|KEY|CHALLENGE)_/.test(error.code);
}
