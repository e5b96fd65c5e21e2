import { isTransient } from '../../../../acme/session/response.ts';
import type { AcmeClient } from '../../../../acme/client.ts';
import { authorizationProblem } from '../../../../acme/messages/authorization.ts';
import type { AuthorizationResource } from '../../../../acme/session/authorization-requests.ts';
import type { OrderResource } from '../../../../acme/messages/order.ts';
import { AcmeProblemError } from '../../../../acme/messages/problem.ts';
import type { ChallengeConfig } from '../../../../config/types.ts';
import {
  forgetChallengeFailures,
  noteChallengeFailures,
  readChallengeFailures,
  type Way,
} from '../../../state/challenge-failures.ts';
import { chooseWork, type ChallengeWork } from './challenge-work.ts';
import type { RunContext } from '../../../engine/run-context.ts';
import { isResumable } from '../../../engine/failure.ts';
import { abandonPending } from '../order/abandon-order.ts';
import { presentAll } from './present-all.ts';
import { cleanUp, settled } from './challenge-responses.ts';
import type { ManagedCertificate, Renewal } from '../../../state/types.ts';

/** A run that is told to stop, or whose line to the CA fails, lets the CA look at its answers for this long; CAs take seconds. */
const GRACE_MS = 10_000;

/**
 * Proves control of every name of a pending order; the order as it is once the CA has seen enough, with what `noteReady`, which journals that,
 * brought. What is presented is journaled first and removed in the end, whatever happens. When it fails for good, the authorizations still
 * pending are given up.
 */
export async function authorize<T>(
  context: RunContext,
  client: AcmeClient,
  certificate: ManagedCertificate,
  renewal: Renewal,
  order: OrderResource,
  noteReady: () => Promise<T>,
): Promise<[OrderResource, T]> {
  const { identifiers } = renewal;
  const { signal } = context;
  const { authorizations } = order.order;
  try {
    const found = await Promise.all(authorizations.map((url) => client.getAuthorization(url, { identifiers, signal })));
    const pending = found.filter(({ authorization }) => authorization.status === 'pending');
    const failedAt = context.store.read((db) => readChallengeFailures(db, certificate.id));
    const choose = (resource: AuthorizationResource, notVisible: readonly ChallengeConfig[]): Promise<ChallengeWork> =>
      chooseWork(context, client, certificate.config, resource, failedAt, notVisible);
    const works = await presentAll(
      context,
      renewal,
      certificate.name,
      await Promise.all(pending.map((resource) => choose(resource, []))),
      choose,
    );
    let ready: OrderResource;
    let asked = false;
    try {
      signal.throwIfAborted();
      asked = works.length > 0;
      // A response that is still on its way when the answers are removed would have the CA look for nothing, and cost the order.
      await settled(works.map((work) => respond(client, work, signal)));
      ready = await client.waitForOrder(order.url, { until: 'ready', identifiers, signal });
    } catch (error) {
      // Told to stop, or cut off, while the CA looks: an answer that is taken away from under its eyes would cost the order.
      if (asked && (signal.aborted || isResumable(error, renewal, context.clock.now()))) {
        await client.waitForOrder(order.url, { until: 'ready', identifiers, timeoutMs: GRACE_MS }).catch(() => {});
      }
      // Before the answers are removed: a name that the CA then looks for in vain has not failed by itself.
      const reason = await reasonOf(client, authorizations, error);
      await cleanUp(context, works);
      if (context.store.holdsLease()) {
        await noteChallengeFailures(context.store, certificate.id, failedWays(works, reason), context.clock.now());
      }
      throw reason;
    }
    // At the same time: where removing takes no time, both share a commit.
    const worked = waysOf(works).filter((way) => failedAt(way) !== null);
    const [noted] = await Promise.all([
      noteReady(),
      cleanUp(context, works),
      forgetChallengeFailures(context.store, certificate.id, worked),
    ]);
    return [ready, noted];
  } catch (error) {
    // An order that can go on later needs its authorizations, and so does a new holder of the lease.
    if (!signal.aborted && context.store.holdsLease() && !isResumable(error, renewal, context.clock.now())) {
      await abandonPending(client, authorizations, signal);
    }
    throw error;
  }
}

/** Of names that have another way. */
function waysOf(works: readonly ChallengeWork[]): readonly Way[] {
  return works
    .filter(({ candidates }) => candidates.length > 1)
    .map(({ ordered, config }) => ({ name: ordered.value, config }));
}

/** What the CA has looked at and refused. */
function failedWays(works: readonly ChallengeWork[], reason: unknown): readonly Way[] {
  if (!(reason instanceof AcmeProblemError) || reason.code !== 'ACME_AUTHORIZATION_INVALID') return [];
  const names = reason.details['failed'];
  return Array.isArray(names) ? waysOf(works.filter(({ task }) => names.includes(task.identifier.value))) : [];
}

/** Names an answer to the CA. CAs refuse what was named before, by a request that came to them twice: then it is looked at already. */
async function respond(
  client: AcmeClient,
  { authorizationUrl, challengeUrl }: ChallengeWork,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.respondToChallenge(challengeUrl, signal);
  } catch (error) {
    if (!(error instanceof AcmeProblemError) || isTransient(error)) throw error;
    const { authorization } = await client.getAuthorization(authorizationUrl, { signal });
    const challenge = authorization.challenges.find(({ url }) => url === challengeUrl);
    if (challenge === undefined || challenge.status === 'pending') throw error;
  }
}

/** An order that became invalid says less than the authorization that made it so. */
async function reasonOf(client: AcmeClient, urls: readonly string[], error: unknown): Promise<unknown> {
  if (!(error instanceof AcmeProblemError) || error.code !== 'ACME_ORDER_INVALID') return error;
  const answers = await Promise.allSettled(urls.map((url) => client.getAuthorization(url)));
  const invalid = answers.flatMap((answer) =>
    answer.status === 'fulfilled' && answer.value.authorization.status === 'invalid' ? answer.value : [],
  );
  const failed = invalid.map(({ authorization }) => authorization.identifier.value);
  for (const { url, authorization } of invalid) {
    const problem = authorizationProblem(authorization);
    if (problem === null) continue;
    const { httpStatus, retryAfterMs } = error;
    return new AcmeProblemError(
      'ACME_AUTHORIZATION_INVALID',
      problem,
      { httpStatus, retryAfterMs },
      { url, identifier: authorization.identifier.value, failed },
    );
  }
  return error;
}
