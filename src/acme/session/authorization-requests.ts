import type { Identifier } from '../../pki/x509/names.ts';
import type { PersistTerms } from '../../ports/solver.ts';
import type { Answer } from './answer.ts';
import {
  type Authorization,
  authorizationProblem,
  checkAuthorization,
  decodeAuthorization,
} from '../messages/authorization.ts';
import { type Challenge, decodeChallenge } from '../messages/challenge.ts';
import { persistTerms } from '../messages/dns-persist.ts';
import { invalidAnswer } from '../messages/decoding.ts';
import { parseJson } from '../messages/json.ts';
import { keyAuthorization } from '../jose/key-authorization.ts';
import { signerKey } from '../jose/jwk.ts';
import { pollUntil, type WaitOptions } from './polling.ts';
import { acmeErrorType, AcmeProblemError, blankProblem } from '../messages/problem.ts';
import { RESOURCES } from '../messages/resource.ts';
import type { Session } from './session.ts';

export interface AuthorizationResource {
  readonly url: string;
  readonly authorization: Authorization;
  readonly retryAfterMs: number | null;
}

export interface AuthorizationOptions {
  /** Names of the order: ACME_ORDER_MISMATCH when the authorization is for none of them. */
  readonly identifiers?: readonly Identifier[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface AuthorizationRequests {
  getAuthorization(url: string, options?: AuthorizationOptions): Promise<AuthorizationResource>;
  /** Gives an authorization up, pending or valid, so that nobody can use it later (RFC 8555 section 7.5.2). */
  deactivateAuthorization(url: string, signal?: AbortSignal): Promise<Authorization>;
  /** Tells the CA that the challenge can be checked now (RFC 8555 section 7.5.1). `url` is the challenge's. */
  respondToChallenge(
    url: string,
    signal?: AbortSignal,
  ): Promise<{ readonly challenge: Challenge; readonly retryAfterMs: number | null }>;
  /** Throws ACME_AUTHORIZATION_INVALID with the CA's reason, ACME_WAIT_TIMEOUT. */
  waitForAuthorization(url: string, options?: WaitOptions & AuthorizationOptions): Promise<AuthorizationResource>;
  /** What a solver of this account's challenges presents (RFC 8555 section 8.1). Throws ACME_NO_ACCOUNT. */
  keyAuthorization(token: string): string;
  /** The account's URL, which dns-account-01 is bound to. Throws ACME_NO_ACCOUNT. */
  accountUrl(): string;
  /** What dns-persist-01 wants in the record of a name, in the form that the CA speaks. Throws ACME_NO_ACCOUNT, ACME_RESPONSE_INVALID. */
  persistTerms(domain: string, issuerDomains: readonly string[], signal?: AbortSignal): Promise<PersistTerms>;
}

export function authorizationRequests(session: Session): AuthorizationRequests {
  const { policy } = session;
  const decode = (answer: Answer): Authorization =>
    decodeAuthorization(parseJson(answer.body, 'authorization'), policy);

  async function getAuthorization(url: string, options: AuthorizationOptions = {}): Promise<AuthorizationResource> {
    const answer = await session.post({ url, payload: '', resource: RESOURCES.authorization }, options.signal);
    const authorization = decode(answer);
    if (options.identifiers !== undefined) checkAuthorization(authorization, options.identifiers);
    return { url, authorization, retryAfterMs: answer.retryAfterMs };
  }

  return {
    getAuthorization,

    deactivateAuthorization: async (url, signal) =>
      decode(
        await session.post({ url, payload: { status: 'deactivated' }, resource: RESOURCES.authorization }, signal),
      ),

    respondToChallenge: async (url, signal) => {
      const answer = await session.post({ url, payload: {}, resource: RESOURCES.challenge }, signal);
      const challenge = decodeChallenge(parseJson(answer.body, 'challenge'), 'challenge', policy);
      return { challenge, retryAfterMs: answer.retryAfterMs };
    },

    waitForAuthorization: (url, options = {}) =>
      pollUntil(
        session,
        {
          what: 'authorization',
          ask: async (signal) => {
            const resource = await getAuthorization(url, { identifiers: options.identifiers, signal });
            const { status } = resource.authorization;
            if (status !== 'pending' && status !== 'valid') throw authorizationFailed(resource);
            return resource;
          },
          done: ({ authorization }) => authorization.status === 'valid',
          describe: ({ authorization }) => describe(url, authorization),
        },
        options,
      ),

    keyAuthorization: (token) => keyAuthorization(token, signerKey(session.signer()).thumbprint),

    accountUrl: () => session.accountUrl(),

    persistTerms: async (domain, issuerDomains, signal) => {
      const { accountHashPrefix } = (await session.directory(signal)).meta;
      const { thumbprint } = signerKey(session.signer());
      if (accountHashPrefix === null) checkOwnHost(session.accountUrl(), session.directoryUrl);
      return persistTerms({ domain, issuerDomains, accountUrl: session.accountUrl(), thumbprint, accountHashPrefix });
    },
  };
}

/**
 * A record in the clear names an account and a CA. One CA that calls our account what another CA calls somebody else's, and itself by the name of that
 * other CA, would have the owner of a name let a stranger have certificates.
 */
function checkOwnHost(accountUrl: string, directoryUrl: string): void {
  const { host } = new URL(directoryUrl);
  if (new URL(accountUrl).host !== host) throw invalidAnswer('Location of the account', `an address at ${host}`);
}

function authorizationFailed({ url, authorization, retryAfterMs }: AuthorizationResource): AcmeProblemError {
  const problem = authorizationProblem(authorization) ?? blankProblem(`the authorization is ${authorization.status}`);
  return new AcmeProblemError(
    'ACME_AUTHORIZATION_INVALID',
    problem,
    { httpStatus: 200, retryAfterMs },
    { url, identifier: authorization.identifier.value, authorizationStatus: authorization.status },
    { names: [authorization.identifier.value] },
  );
}

/** Some CAs try a failing challenge again, or leave it `processing` for ever: what they saw so far is worth telling. */
function describe(url: string, authorization: Authorization): Readonly<Record<string, string>> {
  const problem = authorizationProblem(authorization);
  return {
    url,
    identifier: authorization.identifier.value,
    status: authorization.status,
    ...(problem === null ? {} : { problem: acmeErrorType(problem) ?? problem.type, detail: problem.detail }),
  };
}
