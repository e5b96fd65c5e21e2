import { EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { HttpResponse } from '../../ports/transport.ts';
import { acmeProblemType } from './response.ts';
import { retryAfterMs } from '../messages/retry-after.ts';

/** Hosts that asked for a pause. During it no request is sent there, whichever certificate and account it is for. */
export interface HostBackoffs {
  /**
   * Waits until a request to this URL may be sent; for a long pause throws ACME_HOST_BACKOFF at once, with
   * `retryAfterMs`.
   */
  pass(url: string, signal?: AbortSignal): Promise<void>;
  /** Takes note of a response of the host. */
  note(url: string, response: HttpResponse): Promise<void>;
}

export interface HostBackoffParts {
  readonly clock: Clock;
  readonly random: Random;
  /** The pauses of earlier processes: host and end, milliseconds since 1970. */
  readonly kept: readonly (readonly [string, number])[];
  /** Stores a pause that may outlast this process. When it fails, the pause ends with the process. */
  keep(host: string, until: number): Promise<void>;
}

/** A request waits for so long; a longer pause is left to the next attempt. */
const PATIENCE_MS = 60_000;
/** The longest pause that is obeyed: a gateway may respond in place of the host. */
const LONGEST_MS = 6 * 3_600_000;
/** A host may ask for another pause each time. */
const MAX_WAITS = 3;

/**
 * For how long a response asks that nothing be sent to its host; null: it does not. 503 is about the server, 429 about
 * the client, except where an ACME problem says which limit was reached: that is about one order, and others go on (RFC
 * 8555 section 6.6).
 */
export function backoffMs(response: HttpResponse, now: number): number | null {
  const about = response.status === 503 || (response.status === 429 && acmeProblemType(response) === null);
  const wish = about ? retryAfterMs(response.headers, now) : null;
  return wish === null ? null : Math.min(wish, LONGEST_MS);
}

export function createHostBackoffs({ clock, random, kept, keep }: HostBackoffParts): HostBackoffs {
  const holds = new Map<string, number>(kept);
  return {
    pass: async (url, signal) => {
      if (holds.size === 0) return;
      const { host } = new URL(url);
      for (let waits = 0; ; waits += 1) {
        const wait = (holds.get(host) ?? 0) - clock.now();
        // Longer than any pause: the clock was put back.
        if (wait <= 0 || wait > LONGEST_MS) {
          holds.delete(host);
          return;
        }
        if (wait > PATIENCE_MS || waits >= MAX_WAITS) throw held(host, wait);
        // Up to a tenth more, so that not all requests go on at the same moment.
        await clock.sleep(Math.ceil(wait * (1 + random.uniform() / 10)), signal);
      }
    },
    note: async (url, response) => {
      const now = clock.now();
      const wish = backoffMs(response, now);
      if (wish === null || wish === 0) return;
      const { host } = new URL(url);
      const until = Math.max(holds.get(host) ?? 0, now + wish);
      holds.set(host, until);
      if (wish > PATIENCE_MS) await keep(host, until).catch(() => {});
    },
  };
}

function held(host: string, wait: number): EverbindError {
  const retryAfterMs = Math.ceil(wait);
  const message = `${host} asked for a pause; nothing was sent`;
  return new EverbindError('ACME_HOST_BACKOFF', message, { host, retryAfterMs }, { facts: { retryAfterMs } });
}
