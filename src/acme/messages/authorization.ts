import { EverbindError } from '../../errors/error.ts';
import { type Identifier, identifierKey } from '../../pki/x509/names.ts';
import { type Challenge, decodeChallenge } from './challenge.ts';
import { boolean, list, member, members, oneOf, optional, timestamp } from './decoding.ts';
import { decodeIdentifier } from './identifier.ts';
import type { Problem } from './problem.ts';
import type { UrlPolicy } from './url-policy.ts';

export type AuthorizationStatus = 'pending' | 'valid' | 'invalid' | 'deactivated' | 'expired' | 'revoked';

/** RFC 8555 section 7.1.4. */
export interface Authorization {
  /** Without `*.`, also for a wildcard. */
  readonly identifier: Identifier;
  readonly status: AuthorizationStatus;
  /** Milliseconds since 1970. */
  readonly expires: number | null;
  readonly challenges: readonly Challenge[];
  readonly wildcard: boolean;
}

const statuses = ['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked'] as const;

/** Throws ACME_RESPONSE_INVALID, ACME_INSECURE_URL. */
export function decodeAuthorization(value: unknown, policy: UrlPolicy): Authorization {
  const object = members(value, 'authorization');
  return {
    identifier: decodeIdentifier(member(object, 'identifier'), 'authorization.identifier'),
    status: oneOf(member(object, 'status'), 'authorization.status', statuses),
    expires: optional(member(object, 'expires'), (found) => timestamp(found, 'authorization.expires')),
    challenges: list(member(object, 'challenges'), 'authorization.challenges', 64, (item, where) =>
      decodeChallenge(item, where, policy),
    ),
    wildcard: optional(member(object, 'wildcard'), (found) => boolean(found, 'authorization.wildcard')) ?? false,
  };
}

/**
 * Throws ACME_ORDER_MISMATCH unless the authorization is for one of the names of the order. A CA may forget
 * `wildcard: true`: it checks control of the name itself either way.
 */
export function checkAuthorization(authorization: Authorization, identifiers: readonly Identifier[]): void {
  const { type, value } = authorization.identifier;
  const fits = identifiers.some(
    (identifier) =>
      identifier.type === type &&
      ((identifier.value === value && !authorization.wildcard) || identifier.value === `*.${value}`),
  );
  if (fits) return;
  throw new EverbindError('ACME_ORDER_MISMATCH', 'The CA put an authorization for another name into the order', {
    asked: identifiers.map(identifierKey),
    authorization: `${type}:${authorization.wildcard ? '*.' : ''}${value}`,
  });
}

/** Why the authorization failed, or the last error while the CA retries; null when no challenge has one. */
export function authorizationProblem(authorization: Authorization): Problem | null {
  return authorization.challenges.find((challenge) => challenge.error !== null)?.error ?? null;
}
