import { isTransient } from '../acme/answer.ts';
import type { AcmeClient } from '../acme/client.ts';
import { authorizationProblem } from '../acme/authorization.ts';
import type { AuthorizationResource } from '../acme/authorization-requests.ts';
import type { OrderResource } from '../acme/order.ts';
import { AcmeProblemError } from '../acme/problem.ts';
import { challengeFor } from '../config/challenge-for.ts';
import type { CertificateConfig } from '../config/types.ts';
import { EverbindError } from '../errors/error.ts';
import type { Identifier } from '../pki/names.ts';
import type { ChallengeTask } from '../ports/solver.ts';
import type { EngineContext } from './context.ts';
import { isResumable } from './failure.ts';
import { giveUpPending } from './give-up.ts';
import { cleanUp, present, type Presentation, settled } from './presented.ts';
import type { ManagedCertificate, Renewal } from './types.ts';

interface Work extends Presentation {
  readonly authorizationUrl: string;
  readonly challengeUrl: string;
}

/** A run that is told to stop, or whose line to the CA fails, lets the CA look at its answers for this long; CAs take seconds. */
const GRACE_MS = 10_000;

/**
 * Proves control of every name of a pending order; the order as it is once the CA has seen enough, with what `noteReady`, which journals that,
 * brought. What is presented is journaled first and removed in the end, whatever happens. When it fails for good, the authorizations still
 * pending are given up.
 */
export async function authorize<T>(
  context: EngineContext,
  client: AcmeClient,
  { config }: ManagedCertificate,
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
    const works = await Promise.all(pending.map((resource) => chooseWork(context, client, config, resource)));
    await present(context, renewal, works);
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
      throw reason;
    }
    // At the same time: where removing takes no time, both share a commit.
    const [noted] = await Promise.all([noteReady(), cleanUp(context, works)]);
    return [ready, noted];
  } catch (error) {
    // An order that can go on later needs its authorizations, and so does a new holder of the lease.
    if (!signal.aborted && context.store.holdsLease() && !isResumable(error, renewal, context.clock.now())) {
      await giveUpPending(client, authorizations, signal);
    }
    throw error;
  }
}

/** Names an answer to the CA. CAs refuse what was named before, by a request that came to them twice: then it is looked at already. */
async function respond(
  client: AcmeClient,
  { authorizationUrl, challengeUrl }: Work,
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

async function chooseWork(
  context: EngineContext,
  client: AcmeClient,
  certificate: CertificateConfig,
  { url: authorizationUrl, authorization }: AuthorizationResource,
): Promise<Work> {
  const { identifier } = authorization;
  // A CA need not say that an authorization is for the wildcard; what was ordered does.
  const wildcard =
    authorization.wildcard ||
    (!certificate.identifiers.some(({ type, value }) => type === identifier.type && value === identifier.value) &&
      certificate.identifiers.some(({ value }) => value === `*.${identifier.value}`));
  const ordered: Identifier = wildcard ? { type: 'dns', value: `*.${identifier.value}` } : identifier;
  const config = challengeFor(certificate, ordered);
  const challenge = authorization.challenges.find(({ type }) => type === config?.type);
  const issuerDomains = challenge?.issuerDomains ?? null;
  const token = challenge?.token ?? (issuerDomains === null ? null : '');
  if (config === null || challenge === undefined || token === null) {
    throw new EverbindError(
      'RENEWAL_CHALLENGE_NOT_OFFERED',
      `the CA offers no ${config?.type ?? 'configured'} challenge for ${ordered.value}`,
      { name: ordered.value, offered: authorization.challenges.map(({ type }) => type) },
    );
  }
  const task: ChallengeTask = {
    type: config.type,
    identifier,
    wildcard,
    token,
    keyAuthorization: client.keyAuthorization(token),
    ...(issuerDomains === null
      ? {}
      : { persist: await client.persistTerms(identifier.value, issuerDomains, context.signal) }),
  };
  return { authorizationUrl, challengeUrl: challenge.url, task, config, solver: context.solverFor(task, config) };
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
