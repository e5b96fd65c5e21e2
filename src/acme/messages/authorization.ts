import { EverbindError } from '../../errors/error.ts';
import { type Identifier, identifierKey } from '../../pki/x509/names.ts';
import { type Challenge, decodeChallenge } from './challenge.ts';
import { ifReadable, list, member, members, oneOf } from './decoding.ts';
import { decodeIdentifier } from './identifier.ts';
import type { Problem } from './problem.ts';
import type { UrlPolicy } from './url-policy.ts';

export type AuthorizationStatus = 'pending' | 'valid' | 'invalid' | 'deactivated' | 'expired' | 'revoked';

/** RFC 8555 section 7.1.4. */
export interface Authorization {
  /** Without `*.`, also for a wildcard. */
  readonly identifier: Identifier;
  readonly status: AuthorizationStatus;
  /** What has no type is left out. */
  readonly challenges: readonly Challenge[];
  readonly wildcard: boolean;
}

const statuses = ['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked'] as const;

/**
 * Only while it is pending must it list challenges: afterwards nothing is left to prove (nginx/nginx-acme#81). Throws
 * ACME_RESPONSE_INVALID.
 */
export function decodeAuthorization(value: unknown, policy: UrlPolicy): Authorization {
  const object = members(value, 'authorization');
  const status = oneOf(member(object, 'status'), 'authorization.status', statuses);
  const challenges = (found: unknown): readonly Challenge[] =>
    list(found, 'authorization.challenges', 64, (item, where) =>
      ifReadable(item, () => decodeChallenge(item, where, policy)),
    ).filter((challenge) => challenge !== null);
  const listed = member(object, 'challenges');
  return {
    identifier: decodeIdentifier(member(object, 'identifier'), 'authorization.identifier'),
    status,
    challenges: status === 'pending' ? challenges(listed) : (ifReadable(listed, challenges) ?? []),
    // CAs may leave it out; what else it says is no promise either.
    wildcard: member(object, 'wildcard') === true,
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

/** The challenge that is answered at this address. */
export function challengeAt({ challenges }: Authorization, url: string): Challenge | undefined {
  return challenges.find(({ answer }) => !(answer instanceof EverbindError) && answer.url === url);
}

/** Why the authorization failed, or the last error while the CA retries; null when no challenge has one. */
export function authorizationProblem(authorization: Authorization): Problem | null {
  return authorization.challenges.find((challenge) => challenge.error !== null)?.error ?? null;
}
