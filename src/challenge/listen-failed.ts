import { EverbindError } from '../errors/error.ts';
import type { ChallengeTask } from '../ports/solver.ts';
import { errorText, failureDetails, presentFailed } from './challenge-failure.ts';

export interface ListenPlace {
  /** null: every address of the machine. */
  readonly address: string | null;
  readonly port: number;
  /** What can be used where http.sys owns the port. */
  readonly instead: string;
}

/** Why a listener of our own cannot be opened: CHALLENGE_PORT_IN_USE or CHALLENGE_PRESENT_FAILED. */
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
