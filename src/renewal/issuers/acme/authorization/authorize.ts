import { withDeadline } from '../../../../concurrency/deadline.ts';
import type { AcmeClient } from '../../../../acme/client.ts';
import { authorizationProblem } from '../../../../acme/messages/authorization.ts';
import type { AuthorizationResource } from '../../../../acme/session/authorization-requests.ts';
import type { OrderResource } from '../../../../acme/messages/order.ts';
import { acmeErrorType, AcmeProblemError, isProblem, type Problem } from '../../../../acme/messages/problem.ts';
import type { ChallengeConfig } from '../../../../config/types.ts';
import {
  forgetChallengeFailures,
  noteChallengeFailures,
  readChallengeFailures,
  type Way,
} from '../../../state/challenge-table.ts';
import { LOOK_MS, overdue } from '../../../schedule/issuer-backoff.ts';
import { chooseWork, type ChallengeWork } from './challenge-work.ts';
import type { AcmeRun } from '../acme-ports.ts';
import { isResumable } from '../../../engine/resumable.ts';
import { abandonPending } from '../order/abandon-order.ts';
import { cleanUp, presentAll } from './present-all.ts';
import type { IssuanceRequest } from '../../../../ports/issuer.ts';
import type { ManagedCertificate } from '../../../state/certificate-table.ts';

/**
 * A run that is told to stop, or whose line to the CA fails, lets the CA look at its responses for this long; CAs take
 * seconds.
 */
const GRACE_MS = 10_000;
/** Names whose errors the log has of one attempt; the failure names all. */
const MOST_NOTED = 10;
const MOST_OF_DETAIL = 500;

/** Where the course of a validation is noted. */
export interface AuthorizationJournal<T> {
  noteReady(): Promise<T>;
  /** The CA reports an error for a name, and tries again. */
  noteFailing(data: Readonly<Record<string, string>>): Promise<void>;
}

/**
 * Has every name of a pending order validated. Returns the order as it is once the CA has seen enough, and what
 * `noteReady` of the journal, which notes that, returned. Responses are journaled before they are made visible, and
 * removed in the end, whatever happens. When the validation fails for good, the authorizations that are still pending
 * are abandoned.
 */
export async function authorize<T>(
  run: AcmeRun,
  client: AcmeClient,
  certificate: ManagedCertificate,
  request: IssuanceRequest,
  order: OrderResource,
  journal: AuthorizationJournal<T>,
): Promise<[OrderResource, T]> {
  const { store, clock, signal } = run;
  const { authorizations } = order.order;
  const goesOn = (error: unknown): boolean =>
    signal.aborted || isResumable(error, { startedAt: request.startedAt, ...request.state }, clock.now());
  try {
    const works = await presentPending(run, client, certificate, request, authorizations);
    const ready = await validate(run, client, request, order, works, journal, goesOn).catch(async (error: unknown) => {
      // Before the responses are removed: a name that the CA then looks for in vain has not failed by itself.
      const reason = await withFirewallDoubt(await reasonOf(run, client, authorizations, error), works);
      await cleanUp(run, works);
      if (store.holdsLease()) {
        await noteChallengeFailures(store, certificate.id, failedWays(works, reason), clock.now());
      }
      throw reason;
    });
    // At the same time: where removing takes no time, both share a commit.
    const failedAt = store.read((db) => readChallengeFailures(db, certificate.id));
    const worked = waysOf(works).filter((way) => failedAt(way) !== null);
    const [noted] = await Promise.all([
      journal.noteReady(),
      cleanUp(run, works),
      forgetChallengeFailures(store, certificate.id, worked),
    ]);
    return [ready, noted];
  } catch (error) {
    // An order that can go on later needs its authorizations, and so does a new holder of the lease.
    if (store.holdsLease() && !goesOn(error)) await abandonPending(run, client, authorizations);
    throw error;
  }
}

/** Chooses a challenge for each authorization that is pending, and makes the responses visible. */
async function presentPending(
  run: AcmeRun,
  client: AcmeClient,
  certificate: ManagedCertificate,
  request: IssuanceRequest,
  authorizations: readonly string[],
): Promise<readonly ChallengeWork[]> {
  const { identifiers } = request;
  const { store, signal } = run;
  const found = await Promise.all(
    authorizations.map((url) => client.getAuthorization(url, { identifiers, fresh: true, signal })),
  );
  const pending = found.filter(({ authorization }) => authorization.status === 'pending');
  const failedAt = store.read((db) => readChallengeFailures(db, certificate.id));
  const choose = (resource: AuthorizationResource, notVisible: readonly ChallengeConfig[]): Promise<ChallengeWork> =>
    chooseWork(run, client, certificate.config, resource, failedAt, notVisible);
  const first = await Promise.all(pending.map((resource) => choose(resource, [])));
  return presentAll(run, request, first, choose);
}

/** Tells the CA of the responses, and waits until it has seen enough. */
async function validate(
  { clock, signal }: AcmeRun,
  client: AcmeClient,
  { identifiers }: IssuanceRequest,
  order: OrderResource,
  works: readonly ChallengeWork[],
  { noteFailing }: AuthorizationJournal<unknown>,
  goesOn: (error: unknown) => boolean,
): Promise<OrderResource> {
  let asked = false;
  try {
    signal.throwIfAborted();
    asked = works.length > 0;
    let noted = 0;
    const failing = async (name: string, problem: Problem): Promise<void> => {
      noted += 1;
      if (noted <= MOST_NOTED) await noteFailing(failingData(name, problem, works));
    };
    const challenges = works.map((work) => ({ ...work, name: work.task.identifier.value }));
    return await client.validateOrder(order.url, challenges, { identifiers, failing, signal });
  } catch (error) {
    // Told to stop, or cut off, while the CA looks: a response that is removed from under its eyes would cost the
    // order.
    if (asked && goesOn(error)) {
      const late = (): Error => overdue('the last look at an order', GRACE_MS);
      await withDeadline({ clock, ms: GRACE_MS, late }, (grace) =>
        client.waitForOrder(order.url, { until: 'ready', identifiers, timeoutMs: GRACE_MS, signal: grace }),
      ).catch(() => {});
    }
    throw error;
  }
}

/** What the CA has seen at a name so far. It may repeat the address that it asked, which ends in our token. */
function failingData(
  name: string,
  problem: Problem,
  works: readonly ChallengeWork[],
): Readonly<Record<string, string>> {
  const tokens = works.map(({ task }) => task.token).filter((token) => token !== '');
  const detail = tokens.reduce((text, token) => text.replaceAll(token, '(token)'), problem.detail);
  return {
    name,
    problem: acmeErrorType(problem) ?? problem.type,
    detail: detail.slice(0, MOST_OF_DETAIL).toWellFormed(),
  };
}

/** Of names that have another way. */
function waysOf(works: readonly ChallengeWork[]): readonly Way[] {
  return works
    .filter(({ candidates }) => candidates.length > 1)
    .map(({ ordered, config }) => ({ name: ordered.value, config }));
}

/** What the CA has looked at and refused. */
function failedWays(works: readonly ChallengeWork[], reason: unknown): readonly Way[] {
  if (!(reason instanceof AcmeProblemError)) return [];
  const { names } = reason.facts;
  return names === undefined ? [] : waysOf(works.filter(({ task }) => names.includes(task.identifier.value)));
}

/** A CA that could not connect cannot know what this machine's firewall has to do with it. */
async function withFirewallDoubt(reason: unknown, works: readonly ChallengeWork[]): Promise<unknown> {
  if (!isProblem(reason, 'connection')) return reason;
  for (const { solver, task } of works) {
    if (reason.facts.names?.includes(task.identifier.value) === false) continue;
    const doubt = (await solver.firewallDoubt?.(task)) ?? null;
    if (doubt !== null) return reason.withNote(doubt);
  }
  return reason;
}

/** An order that became invalid says less than the authorization that made it so. */
async function reasonOf(
  { clock }: Pick<AcmeRun, 'clock'>,
  client: AcmeClient,
  urls: readonly string[],
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof AcmeProblemError) || error.code !== 'ACME_ORDER_INVALID') return error;
  const late = (): Error => overdue('a look at the authorizations', LOOK_MS);
  const answers = await withDeadline({ clock, ms: LOOK_MS, late }, (signal) =>
    Promise.allSettled(urls.map((url) => client.getAuthorization(url, { signal }))),
  );
  const invalid = answers.flatMap((answer) =>
    answer.status === 'fulfilled' && answer.value.authorization.status === 'invalid' ? answer.value : [],
  );
  const failed = invalid.map(({ authorization }) => authorization.identifier.value);
  for (const { url, authorization } of invalid) {
    const problem = authorizationProblem(authorization);
    if (problem === null) continue;
    const { httpStatus = 200, retryAfterMs = null } = error.facts;
    return new AcmeProblemError(
      'ACME_AUTHORIZATION_INVALID',
      problem,
      { httpStatus, retryAfterMs },
      { url, identifier: authorization.identifier.value, failed },
      { names: failed },
    );
  }
  return error;
}
