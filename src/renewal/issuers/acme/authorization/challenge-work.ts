import type { AcmeClient } from '../../../../acme/client.ts';
import type { AuthorizationResource } from '../../../../acme/session/authorization-requests.ts';
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
}

/** Chooses among what is configured and offered. Throws RENEWAL_CHALLENGE_NOT_OFFERED, CHALLENGE_UNSUPPORTED. */
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
  const found = chooseChallenge({
    identifier: ordered,
    candidates,
    offered: authorization.challenges.map(({ type }) => type),
    failedAt: (candidate) => failedAt({ name: ordered.value, config: candidate }),
    notVisible,
  });
  const config = found?.config ?? null;
  const challenge = authorization.challenges.find(({ type }) => type === config?.type);
  const issuerDomains = challenge?.issuerDomains ?? null;
  const token = challenge?.token ?? (issuerDomains === null ? null : '');
  if (config === null || challenge === undefined || token === null) {
    throw new EverbindError(
      'RENEWAL_CHALLENGE_NOT_OFFERED',
      `the CA offers no ${candidates.map(({ type }) => type).join(', ') || 'configured'} challenge for ${ordered.value}`,
      { name: ordered.value, offered: authorization.challenges.map(({ type }) => type) },
    );
  }
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
    challengeUrl: challenge.url,
    task,
    config,
    solver: run.solverFor(task, config),
    ordered,
    candidates,
    choice: found?.code ?? null,
    resource,
    notVisible,
  };
}
