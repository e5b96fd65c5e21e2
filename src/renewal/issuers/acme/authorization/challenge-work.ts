import type { AcmeClient } from '../../../../acme/client.ts';
import type { AuthorizationResource } from '../../../../acme/session/authorization-requests.ts';
import { answerable, type Challenge } from '../../../../acme/messages/challenge.ts';
import { AcmeProblemError, blankProblem } from '../../../../acme/messages/problem.ts';
import { challengesFor } from '../../../../config/challenge-for.ts';
import type { CertificateConfig, ChallengeConfig } from '../../../../config/types.ts';
import { EverbindError } from '../../../../errors/error.ts';
import type { Identifier } from '../../../../pki/x509/names.ts';
import type { ChallengeTask, Solver } from '../../../../ports/solver.ts';
import type { FailedAt } from '../../../state/challenge-table.ts';
import { type ChallengeChoiceCode, chooseChallenge } from '../../../../challenge/choose-challenge.ts';
import type { AcmeRun } from '../acme-ports.ts';

/** A challenge response that is, or may be, visible to everybody. */
export interface ChallengeResponse {
  readonly task: ChallengeTask;
  readonly config: ChallengeConfig;
  readonly solver: Solver;
}

/** How one name is going to be validated. */
export interface ChallengeWork extends ChallengeResponse {
  /** The name as ordered. */
  readonly ordered: Identifier;
  readonly candidates: readonly ChallengeConfig[];
  readonly choice: ChallengeChoiceCode | null;
  readonly resource: AuthorizationResource;
  /** Challenges whose responses could not be made visible. */
  readonly notVisible: readonly ChallengeConfig[];
  readonly authorizationUrl: string;
  readonly challengeUrl: string;
  /** Whether the CA has not been told of the response yet. */
  readonly pending: boolean;
}

/**
 * Chooses among what is configured and offered and can be answered. Throws RENEWAL_CHALLENGE_NOT_OFFERED,
 * CHALLENGE_UNSUPPORTED, and, where none is left, ACME_AUTHORIZATION_INVALID for one that has failed, or what is wrong
 * with the CA's challenge.
 */
export async function chooseWork(
  run: AcmeRun,
  client: AcmeClient,
  certificate: CertificateConfig,
  resource: AuthorizationResource,
  failedAt: FailedAt,
  notVisible: readonly ChallengeConfig[],
): Promise<ChallengeWork> {
  const { url: authorizationUrl, authorization } = resource;
  const { identifier } = authorization;
  // A CA need not say that an authorization is for the wildcard; what was ordered does.
  const wildcard =
    authorization.wildcard ||
    (!certificate.identifiers.some(({ type, value }) => type === identifier.type && value === identifier.value) &&
      certificate.identifiers.some(({ value }) => value === `*.${identifier.value}`));
  const ordered: Identifier = wildcard ? { type: 'dns', value: `*.${identifier.value}` } : identifier;
  const candidates = challengesFor(certificate, ordered);
  const open = authorization.challenges.filter(isOpen);
  const choice = chooseChallenge({
    identifier: ordered,
    candidates,
    offered: open.map(({ type }) => type),
    failedAt: (candidate) => failedAt({ name: ordered.value, config: candidate }),
    notVisible,
  });
  const config = choice?.config ?? null;
  const challenge = open.find(({ type }) => type === config?.type);
  if (config === null || challenge === undefined) {
    refuseUnusable(resource, candidates);
    throw new EverbindError(
      'RENEWAL_CHALLENGE_NOT_OFFERED',
      `the CA offers no ${candidates.map(({ type }) => type).join(', ') || 'configured'} challenge for ${ordered.value}`,
      { name: ordered.value, offered: authorization.challenges.map(({ type }) => type) },
    );
  }
  const { url: challengeUrl, token: found } = answerable(challenge);
  const { issuerDomains } = challenge;
  const token = found ?? '';
  const task: ChallengeTask = {
    type: config.type,
    identifier,
    wildcard,
    token,
    keyAuthorization: client.keyAuthorization(token),
    ...(config.type === 'dns-account-01' ? { accountUrl: client.accountUrl() } : {}),
    ...(issuerDomains === null
      ? {}
      : { persist: await client.persistTerms(identifier.value, issuerDomains, run.signal) }),
  };
  return {
    authorizationUrl,
    challengeUrl,
    pending: challenge.status === 'pending',
    task,
    config,
    solver: run.solverFor(task, config),
    ordered,
    candidates,
    choice: choice?.code ?? null,
    resource,
    notVisible,
  };
}

/**
 * Whether it can be answered, or is being looked at. A CA may mark a challenge as failed and nothing else (step-ca).
 */
function isOpen({ type, status, issuerDomains, answer }: Challenge): boolean {
  if (status === 'invalid' || answer instanceof EverbindError) return false;
  return type === 'dns-persist-01' ? issuerDomains !== null : answer.token !== null;
}

/** Says of the challenges that might have been answered why they cannot be. */
function refuseUnusable(
  { url, authorization: { identifier, challenges } }: AuthorizationResource,
  candidates: readonly ChallengeConfig[],
): void {
  const wanted = challenges.filter(({ type }) => candidates.some((candidate) => candidate.type === type));
  const failed = wanted.find(({ status }) => status === 'invalid');
  if (failed !== undefined) {
    throw new AcmeProblemError(
      'ACME_AUTHORIZATION_INVALID',
      failed.error ?? blankProblem('the challenge is invalid'),
      { httpStatus: 200, retryAfterMs: null },
      { url, identifier: identifier.value },
      { names: [identifier.value] },
    );
  }
  const odd = wanted.find(({ answer }) => answer instanceof EverbindError);
  if (odd !== undefined) answerable(odd);
}
