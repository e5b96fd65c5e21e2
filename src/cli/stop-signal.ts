import { EverbindError } from '../errors/error.ts';

/** Aborted with CLI_INTERRUPTED by the first Ctrl+C or request to end; a second one ends the process as it stands. */
export function stopSignal(process: NodeJS.Process): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () =>
      stop.abort(new EverbindError('CLI_INTERRUPTED', 'the command was interrupted', { signal: name })),
    );
  }
  return stop.signal;
}
