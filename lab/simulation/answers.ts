import { AcmeProblemError, blankProblem } from '../../src/acme/messages/problem.ts';
import { EverbindError } from '../../src/errors/error.ts';

// What Everbind's ACME client throws when a CA answers like this, or not at all.

export function noConnection(ca: string): EverbindError {
  return new EverbindError('ACME_TRANSPORT', `no connection to ${ca}`, { retryAfterMs: null });
}

export function overloaded(retryAfterMs: number): EverbindError {
  return acmeProblem('serverInternal', 503, retryAfterMs, 'too much to do');
}

/** The order stays as it is. */
export function notFinished(): EverbindError {
  return new EverbindError('ACME_WAIT_TIMEOUT', 'the order is not finished');
}

export function acmeProblem(
  type: string,
  httpStatus: number,
  retryAfterMs: number | null,
  detail: string,
): AcmeProblemError {
  const problem = { ...blankProblem(detail), type: `urn:ietf:params:acme:error:${type}` };
  return new AcmeProblemError('ACME_PROBLEM', problem, { httpStatus, retryAfterMs });
}
