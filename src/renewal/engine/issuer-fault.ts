import { isTransient } from '../../acme/session/response.ts';
import { acmeErrorType, AcmeProblemError, type Problem } from '../../acme/messages/problem.ts';
import { EverbindError } from '../../errors/error.ts';
import type { ErrorCode } from '../../errors/table.ts';

/**
 * Whose fault a failed attempt is, as far as another issuer may do better. `outage`: the issuer does not work. `refusal`: it works and will not
 * issue this certificate for now. null: ours or the site's, and every issuer would see the same.
 */
export type IssuerFault = 'outage' | 'refusal' | null;

// RFC 8555 section 6.7: what a CA says of the order or the account and not of the proof.
const refusals: ReadonlySet<string> = new Set([
  'caa',
  'rateLimited',
  'rejectedIdentifier',
  'unsupportedIdentifier',
  'userActionRequired',
  'externalAccountRequired',
  'unsupportedContact',
  'invalidProfile',
]);

const outages: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ACME_WAIT_TIMEOUT',
  'ACME_RESPONSE_TOO_LARGE',
  'ACME_HOST_BACKOFF',
  'ACME_NO_NONCE',
  'ACME_SERVER_UNTRUSTED',
  'ACME_UNEXPECTED_RESPONSE',
  'ACME_RESPONSE_INVALID',
  'ACME_ORDER_MISMATCH',
  'ACME_NOT_OFFERED',
  'ACME_TERMS_REQUIRED',
  'ACME_EXTERNAL_ACCOUNT_REQUIRED',
  'PKI_ISSUED_KEY_MISMATCH',
  'PKI_ISSUED_NAMES_MISMATCH',
  'PKI_ISSUED_VALIDITY',
  'PKI_ISSUED_KEY_USAGE',
  'PKI_CHAIN_INVALID',
]);

/** What a failed attempt says of the issuer; null: nothing. */
export function issuerFault(error: unknown): IssuerFault {
  if (error instanceof AcmeProblemError && isRefusal(error.problem)) return 'refusal';
  if (isTransient(error)) return 'outage';
  if (error instanceof EverbindError && error.code === 'RENEWAL_PREFLIGHT_FAILED') return 'refusal';
  return error instanceof EverbindError && outages.has(error.code) ? 'outage' : null;
}

function isRefusal(problem: Problem): boolean {
  const type = acmeErrorType(problem);
  if (type !== null && refusals.has(type)) return true;
  // compound: the reasons are in the subproblems.
  return problem.subproblems.length > 0 && problem.subproblems.every(isRefusal);
}
