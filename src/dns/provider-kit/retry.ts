import { EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';

const ATTEMPTS = 6;
const FIRST_WAIT_MS = 100;

/**
 * Repeats work that is safe to repeat while the server reports a failure of its own (status 5xx, SERVFAIL): PowerDNS
 * over SQLite does so whenever two writers collide. It tries for about three seconds. Each wait varies at random by
 * half, so that the two do not collide again.
 */
export async function whileBusy<T>(
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !isBusy(error)) throw error;
      await clock.sleep(FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + random.uniform()), signal);
    }
  }
}

/** The server failed on its own side. */
export function isBusy(error: unknown): boolean {
  if (!(error instanceof EverbindError) || error.code !== 'DNS_PROVIDER_FAILED') return false;
  const { httpStatus = 0, reason } = error.facts;
  return reason === 'SERVFAIL' || httpStatus >= 500;
}
