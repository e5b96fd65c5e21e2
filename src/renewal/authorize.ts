import type { AcmeClient } from '../acme/client.ts';
import type { Authorization } from '../acme/authorization.ts';
import type { Order } from '../acme/order.ts';
import { challengeFor } from '../config/challenge-for.ts';
import type { CertificateConfig, ChallengeConfig } from '../config/types.ts';
import { EverbindError } from '../errors/error.ts';
import type { Identifier } from '../pki/names.ts';
import type { ChallengeTask, Solver } from '../ports/solver.ts';
import { statement } from '../store/statements.ts';
import type { EngineContext } from './context.ts';
import { isResumable } from './failure.ts';
import type { Renewal } from './types.ts';

interface Work {
  /** The authorization's URL. */
  readonly url: string;
  readonly challengeUrl: string;
  readonly task: ChallengeTask;
  readonly config: ChallengeConfig;
  readonly solver: Solver;
}

/**
 * Proves control of every name of a pending order and resolves when the CA says that the order is ready. What is presented is journaled
 * first and removed in the end, whatever happens. When it fails, the authorizations still pending are given up.
 */
export async function authorize(
  context: EngineContext,
  client: AcmeClient,
  certificate: CertificateConfig,
  renewal: Renewal,
  order: { readonly url: string; readonly order: Order },
): Promise<void> {
  const { identifiers } = renewal;
  const { signal } = context;
  const found = await Promise.all(
    order.order.authorizations.map((url) => client.getAuthorization(url, { identifiers, signal })),
  );
  const pending = found.filter(({ authorization }) => authorization.status === 'pending');
  try {
    const works = pending.map(({ url, authorization }) => chooseWork(context, client, certificate, url, authorization));
    await present(context, renewal, works);
    try {
      await Promise.all(works.map(({ challengeUrl }) => client.respondToChallenge(challengeUrl, signal)));
      await client.waitForOrder(order.url, { until: 'ready', identifiers, signal });
    } finally {
      await cleanUp(context, renewal, works);
    }
  } catch (error) {
    const reason = await reasonOf(
      client,
      found.map(({ url }) => url),
      error,
    );
    await giveUp(
      client,
      pending.map(({ url }) => url),
      reason,
    );
    throw reason;
  }
}

function chooseWork(
  context: EngineContext,
  client: AcmeClient,
  certificate: CertificateConfig,
  url: string,
  authorization: Authorization,
): Work {
  const { identifier } = authorization;
  // A CA need not say that an authorization is for the wildcard; what was ordered does.
  const wildcard =
    authorization.wildcard ||
    (!certificate.identifiers.some(({ type, value }) => type === identifier.type && value === identifier.value) &&
      certificate.identifiers.some(({ value }) => value === `*.${identifier.value}`));
  const ordered: Identifier = wildcard ? { type: 'dns', value: `*.${identifier.value}` } : identifier;
  const config = challengeFor(certificate, ordered);
  const challenge = authorization.challenges.find(({ type }) => type === config?.type);
  if (config === null || challenge === undefined || challenge.token === null) {
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
    token: challenge.token,
    keyAuthorization: client.keyAuthorization(challenge.token),
  };
  return { url, challengeUrl: challenge.url, task, config, solver: context.solverFor(task, config) };
}

async function present(context: EngineContext, renewal: Renewal, works: readonly Work[]): Promise<void> {
  if (works.length === 0) return;
  await context.store.commit(({ db }) => {
    for (const { task, config } of works) {
      statement(db, 'INSERT INTO presented (renewal_id, task, config) VALUES (?, ?, ?)').run(
        renewal.id,
        JSON.stringify(task),
        JSON.stringify(config),
      );
    }
  });
  try {
    await settled(works.map(({ solver, task }) => solver.present(task, context.signal)));
    await settled(works.map(({ solver, task }) => solver.wait(task, context.signal)));
  } catch (error) {
    await cleanUp(context, renewal, works);
    throw error;
  }
}

// All of them, so that nothing is still being presented while it is cleaned up; then the first failure.
async function settled(works: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(works);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** What cannot be removed now is tried again at the next run: its row stays. */
async function cleanUp(
  context: EngineContext,
  renewal: Renewal,
  works: readonly Pick<Work, 'task' | 'solver'>[],
): Promise<void> {
  const results = await Promise.allSettled(works.map(({ solver, task }) => solver.cleanUp(task)));
  const done = works.filter((_, index) => results[index]?.status === 'fulfilled');
  if (done.length === 0) return;
  await context.store.commit(({ db }) => {
    for (const { task } of done) {
      statement(db, 'DELETE FROM presented WHERE renewal_id = ? AND task = ?').run(renewal.id, JSON.stringify(task));
    }
  });
}

/** Removes what an interrupted or failed run of this renewal left visible. */
export async function cleanUpLeftovers(context: EngineContext, renewal: Renewal): Promise<void> {
  const rows = context.store.read((db) =>
    statement(db, 'SELECT task, config FROM presented WHERE renewal_id = ?').all(renewal.id),
  );
  const works = rows.map((row) => {
    const task = JSON.parse(row['task'] as string) as ChallengeTask;
    return { task, solver: context.solverFor(task, JSON.parse(row['config'] as string) as ChallengeConfig) };
  });
  if (works.length > 0) await cleanUp(context, renewal, works);
}

/** An order that became invalid says less than the authorization that made it so. */
async function reasonOf(client: AcmeClient, urls: readonly string[], error: unknown): Promise<unknown> {
  if (!(error instanceof EverbindError) || error.code !== 'ACME_ORDER_INVALID') return error;
  for (const url of urls) {
    const reason = await client.waitForAuthorization(url, { timeoutMs: 2000 }).then(
      () => null,
      (found: unknown) => found,
    );
    if (reason instanceof EverbindError && reason.code === 'ACME_AUTHORIZATION_INVALID') return reason;
  }
  return error;
}

async function giveUp(client: AcmeClient, urls: readonly string[], reason: unknown): Promise<void> {
  // An order that can go on later needs its authorizations.
  if (isResumable(reason)) return;
  await Promise.allSettled(urls.map((url) => client.deactivateAuthorization(url)));
}
