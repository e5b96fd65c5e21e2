import { isTransient } from '../../acme/session/response.ts';
import { acmeErrorType, AcmeProblemError } from '../../acme/messages/problem.ts';
import { EverbindError } from '../../errors/error.ts';
import type { ErrorCode } from '../../errors/table.ts';
import type { Renewal } from '../state/types.ts';

// Nothing of the order is lost by these: the next attempt goes on where this one stopped.
const resumable: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ACME_WAIT_TIMEOUT',
  'ACME_RESPONSE_TOO_LARGE',
  'ACME_HOST_BACKOFF',
  'ACME_NO_NONCE',
  'ACME_SERVER_UNTRUSTED',
  'CHALLENGE_PRESENT_FAILED',
  'CHALLENGE_SELF_CHECK_FAILED',
  'CHALLENGE_PORT_IN_USE',
  'DNS_CREDENTIALS_REFUSED',
  'DNS_ZONE_NOT_FOUND',
  'DNS_RATE_LIMITED',
  'DNS_PROVIDER_FAILED',
  'DNS_PROVIDER_SETTING',
  'DNS_DELEGATION_LOOP',
  'DNS_QUERY_FAILED',
  'SECRET_NOT_FOUND',
  'KEY_STORE_FAILED',
  'KEY_PROVIDER_UNKNOWN',
  'KEY_PROVIDER_NOT_READY',
  'KEY_ACCESS_DENIED',
  'STORE_FULL',
  'STORE_BUSY',
  'STORE_FAILED',
  'STORE_LEASE_LOST',
]);

// The CA may have done what it was asked for, and its answer made no sense: the next attempt asks it how things stand.
const garbled: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ACME_UNEXPECTED_RESPONSE',
  'ACME_RESPONSE_INVALID',
  'ACME_ORDER_MISMATCH',
  'PKI_PEM_INVALID',
]);

/** An order that a CA leaves `processing`, or says nothing sensible of, for longer has been forgotten; some do. */
export const PATIENCE_MS = 86_400_000;

/** How long the CA has been asked in vain: for the certificate, or before that for the order. */
export function askedForMs(
  { startedAt, authorizedAt }: Pick<Renewal, 'startedAt' | 'authorizedAt'>,
  now: number,
): number {
  return now - (authorizedAt ?? startedAt);
}

/** Whether a failure before the certificate is there leaves an order that the next attempt can finish. */
export function isResumable(
  error: unknown,
  renewal: Pick<Renewal, 'startedAt' | 'authorizedAt'>,
  now: number,
): boolean {
  const limited = error instanceof AcmeProblemError && acmeErrorType(error.problem) === 'rateLimited';
  if (error instanceof AcmeProblemError && error.code !== 'ACME_PROBLEM') return false;
  if (limited || isTransient(error)) return true;
  if (!(error instanceof EverbindError)) return false;
  return resumable.has(error.code) || (garbled.has(error.code) && askedForMs(renewal, now) < PATIENCE_MS);
}

/** Whether the CA says that the order is not, or no longer, to be finalized (RFC 8555 section 7.4). */
export function isOrderNotReady(error: unknown): boolean {
  return error instanceof AcmeProblemError && acmeErrorType(error.problem) === 'orderNotReady';
}

/** Whether the key is gone for good: what was issued for it is of no use any more. */
export function isKeyLost(error: unknown): boolean {
  return error instanceof EverbindError && (error.code === 'KEY_NOT_FOUND' || error.code === 'KEY_NOT_POSSESSED');
}

/** Whether the CA will not have this account do this: that may be about the account, or about what was asked. Failed proofs are neither. */
export function isUnauthorized(error: unknown): boolean {
  return (
    error instanceof AcmeProblemError &&
    error.code === 'ACME_PROBLEM' &&
    acmeErrorType(error.problem) === 'unauthorized'
  );
}

/** Whether the CA has lost our account, or never had it. */
export function isAccountGone(error: unknown): boolean {
  return error instanceof AcmeProblemError && acmeErrorType(error.problem) === 'accountDoesNotExist';
}
