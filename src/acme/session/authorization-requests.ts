import { EverbindError } from '../../errors/error.ts';
import type { Identifier } from '../../pki/x509/names.ts';
import type { PersistTerms } from '../../ports/solver.ts';
import type { AcmeResponse } from './response.ts';
import {
  type Authorization,
  authorizationProblem,
  checkAuthorization,
  decodeAuthorization,
} from '../messages/authorization.ts';
import { type Challenge, decodeChallenge } from '../messages/challenge.ts';
import { persistTerms } from '../messages/dns-persist.ts';
import { invalidResponse } from '../messages/decoding.ts';
import { parseJson } from '../messages/json.ts';
import { keyAuthorization } from '../jose/key-authorization.ts';
import { signerKey } from '../jose/jwk.ts';
import { onceKnown, pollUntil, type WaitOptions } from './polling.ts';
import { acmeErrorType, AcmeProblemError, blankProblem } from '../messages/problem.ts';
import { RESOURCES } from '../messages/resource.ts';
import type { Session } from './session.ts';

export interface AuthorizationResource {
  readonly url: string;
  readonly authorization: Authorization;
  readonly retryAfterMs: number | null;
}

export interface AuthorizationOptions {
  /** Names of the order. ACME_ORDER_MISMATCH when the authorization is for none of them. */
  readonly identifiers?: readonly Identifier[] | undefined;
  /** Whether the CA has named it a moment ago, and may know it a moment later only. */
  readonly fresh?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface AuthorizationRequests {
  getAuthorization(url: string, options?: AuthorizationOptions): Promise<AuthorizationResource>;
  /** Deactivates an authorization, pending or valid, so that nobody can use it later (RFC 8555 section 7.5.2). */
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
  /**
   * What the dns-persist-01 record of a name must say, in the CA's version of the draft. Throws ACME_NO_ACCOUNT,
   * ACME_RESPONSE_INVALID.
   */
  persistTerms(domain: string, issuerDomains: readonly string[], signal?: AbortSignal): Promise<PersistTerms>;
}

export function authorizationRequests(session: Session): AuthorizationRequests {
  const { policy } = session;
  const decode = (response: AcmeResponse): Authorization =>
    decodeAuthorization(parseJson(response.body, 'authorization'), policy);

  async function getAuthorization(
    url: string,
    options: AuthorizationOptions = {},
    polling = false,
  ): Promise<AuthorizationResource> {
    const { fresh = false, signal } = options;
    const { authorization: resource } = RESOURCES;
    const ask = (): Promise<AcmeResponse> => session.post({ url, payload: '', resource, polling }, signal);
    const response = await (fresh ? onceKnown(session, 'authorization', ask, signal) : ask());
    const authorization = decode(response);
    if (options.identifiers !== undefined) checkAuthorization(authorization, options.identifiers);
    return { url, authorization, retryAfterMs: response.retryAfterMs };
  }

  return {
    getAuthorization: (url, options) => getAuthorization(url, options),

    deactivateAuthorization: async (url, signal) =>
      decode(
        await session.post({ url, payload: { status: 'deactivated' }, resource: RESOURCES.authorization }, signal),
      ),

    respondToChallenge: async (url, signal) => {
      const ask = (): Promise<AcmeResponse> =>
        session.post({ url, payload: {}, resource: RESOURCES.challenge }, signal);
      const response = await onceKnown(session, 'challenge', ask, signal);
      const challenge = decodeChallenge(parseJson(response.body, 'challenge'), 'challenge', policy);
      return { challenge, retryAfterMs: response.retryAfterMs };
    },

    waitForAuthorization: (url, options = {}) =>
      pollUntil(
        session,
        {
          what: 'authorization',
          ask: async (signal) => {
            const resource = await getAuthorization(url, { identifiers: options.identifiers, signal }, true);
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
      if (accountHashPrefix instanceof EverbindError) throw accountHashPrefix;
      if (accountHashPrefix === null) checkOwnHost(session.accountUrl(), session.directoryUrl);
      return persistTerms({ domain, issuerDomains, accountUrl: session.accountUrl(), thumbprint, accountHashPrefix });
    },
  };
}

/**
 * A record in the clear names an account and a CA. A hostile CA could give our account the URL of a stranger's account
 * at another CA, and itself that CA's name: the record would then let the stranger have certificates.
 */
function checkOwnHost(accountUrl: string, directoryUrl: string): void {
  const { host } = new URL(directoryUrl);
  if (new URL(accountUrl).host !== host) throw invalidResponse('Location of the account', `an address at ${host}`);
}

/** Of one that is neither pending nor valid. */
export function authorizationFailed({ url, authorization, retryAfterMs }: AuthorizationResource): AcmeProblemError {
  const problem = authorizationProblem(authorization) ?? blankProblem(`the authorization is ${authorization.status}`);
  return new AcmeProblemError(
    'ACME_AUTHORIZATION_INVALID',
    problem,
    { httpStatus: 200, retryAfterMs },
    { url, identifier: authorization.identifier.value, authorizationStatus: authorization.status },
    { names: [authorization.identifier.value] },
  );
}

/** Some CAs retry a failing challenge, or leave it `processing` for ever: the error so far helps the operator. */
function describe(url: string, authorization: Authorization): Readonly<Record<string, string>> {
  const problem = authorizationProblem(authorization);
  return {
    url,
    identifier: authorization.identifier.value,
    status: authorization.status,
    ...(problem === null ? {} : { problem: acmeErrorType(problem) ?? problem.type, detail: problem.detail }),
  };
}
