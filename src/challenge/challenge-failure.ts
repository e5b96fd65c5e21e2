import { EverbindError, WindowsError, errorCode, type ErrorDetails } from '../errors/error.ts';
import type { ChallengeTask } from '../ports/solver.ts';

/** `details.reason` of CHALLENGE_PRESENT_FAILED and CHALLENGE_CLEANUP_FAILED; docs/challenges.md explains each. */
export const FAILURE_REASONS = [
  'no-mode',
  'no-site',
  'root-missing',
  'file-exists',
  'file-refused',
  'http-sys-taken',
  'http-sys-denied',
  'http-sys-port-foreign',
  'http-sys-failed',
  'port-denied',
  'listen-failed',
  'http-sys-owns-port',
  'being-validated',
  'program-failed',
  'program-busy',
  'program-timeout',
  'program-output',
  'program-not-started',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** What every error of this room has: the name to validate and, for Windows calls, the status. */
export function failureDetails(task: Pick<ChallengeTask, 'identifier'>, cause?: unknown): ErrorDetails {
  return {
    name: task.identifier.value,
    ...(cause === undefined ? {} : { cause: errorCode(cause) }),
    ...(cause instanceof WindowsError ? { status: cause.status } : {}),
  };
}

type FailedChallenge = (
  task: Pick<ChallengeTask, 'identifier'>,
  reason: FailureReason,
  message: string,
  details?: ErrorDetails,
  cause?: unknown,
) => EverbindError;

const failedWith =
  (code: 'CHALLENGE_PRESENT_FAILED' | 'CHALLENGE_CLEANUP_FAILED'): FailedChallenge =>
  (task, reason, message, details = {}, cause) =>
    new EverbindError(
      code,
      `${task.identifier.value}: ${message}`,
      { ...failureDetails(task, cause), reason, ...details },
      { cause },
    );

export const presentFailed = failedWith('CHALLENGE_PRESENT_FAILED');
export const cleanUpFailed = failedWith('CHALLENGE_CLEANUP_FAILED');

/** CHALLENGE_UNSUPPORTED. */
export function unsupported(task: Pick<ChallengeTask, 'identifier'>, message: string): EverbindError {
  return new EverbindError('CHALLENGE_UNSUPPORTED', `${task.identifier.value}: ${message}`, failureDetails(task));
}

export interface ListenPlace {
  /** null: every address of the machine. */
  readonly address: string | null;
  readonly port: number;
  /** What to use where http.sys owns the port. */
  readonly instead: string;
}

/** A listener of our own cannot be opened: CHALLENGE_PORT_IN_USE or CHALLENGE_PRESENT_FAILED. */
export function listenFailed(
  task: ChallengeTask,
  { address, port, instead }: ListenPlace,
  error: unknown,
): EverbindError {
  const code = (error as NodeJS.ErrnoException).code;
  const place = `port ${port}${address === null ? '' : ` of ${address}`}`;
  if (code === 'EADDRINUSE') {
    const details = { ...failureDetails(task), port, address };
    const message = `${task.identifier.value}: another program listens on ${place}`;
    return new EverbindError('CHALLENGE_PORT_IN_USE', message, details, { cause: error });
  }
  if (code === 'EACCES') {
    const message = `this process may not listen on ${place}: on Windows http.sys (IIS) owns it, use ${instead}; on Linux run as root`;
    return presentFailed(task, 'port-denied', message, { port, address }, error);
  }
  return presentFailed(
    task,
    'listen-failed',
    `cannot listen on ${place}: ${errorText(error)}`,
    { port, address },
    error,
  );
}

/** For a message: the text of an unknown error. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
