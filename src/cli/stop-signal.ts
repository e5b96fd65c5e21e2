import { EverbindError } from '../errors/error.ts';

/** Aborts with CLI_INTERRUPTED at the first Ctrl+C or request to end. A second one ends the process at once. */
export function stopSignal(process: NodeJS.Process): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () =>
      stop.abort(new EverbindError('CLI_INTERRUPTED', 'the command was interrupted', { signal: name })),
    );
  }
  return stop.signal;
}
