import { type AdaptiveLimit, createAdaptiveLimit } from '../../concurrency/adaptive-limit.ts';
import { EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { HttpResponse } from '../../ports/transport.ts';
import { acmeProblemType } from './response.ts';
import { retryAfterMs } from '../messages/retry-after.ts';

/**
 * What the hosts of one CA bear. While a host asked for a pause no request of this CA's accounts is sent there,
 * whichever certificate it is for; what another CA sends there is not held back, since a CA names the hosts of its
 * URLs as it likes.
 */
export interface HostBackoffs {
  /**
   * Waits until a request to this URL may be sent; for a long pause throws ACME_HOST_BACKOFF at once, with
   * `retryAfterMs`.
   */
  pass(url: string, signal?: AbortSignal): Promise<void>;
  /** Takes note of a response of the host. */
  note(url: string, response: HttpResponse): Promise<void>;
  /**
   * Waits for a place among the requests of this kind that the host bears at the same time. What it resolves to gives
   * the place back, with the status of the response; null: there was none.
   */
  enter(url: string, kind: string, signal?: AbortSignal): Promise<(status: number | null) => void>;
}

export interface HostBackoffParts {
  readonly clock: Clock;
  readonly random: Random;
  /** The pauses of this CA in earlier processes: host and end, milliseconds since 1970. */
  readonly kept: readonly (readonly [string, number])[];
  /** Stores a pause that may outlast this process. When it fails, the pause ends with the process. */
  keep(host: string, until: number): Promise<void>;
}

/** A request waits for so long; a longer pause is left to the next attempt. */
export const PATIENCE_MS = 60_000;
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
  const limits = new Map<string, AdaptiveLimit>();
  return {
    enter: async (url, kind, signal) => {
      const key = `${new URL(url).host} ${kind}`;
      const limit = limits.get(key) ?? createAdaptiveLimit();
      limits.set(key, limit);
      const leave = await limit.enter(signal);
      return (status) => leave(status === null ? 'unknown' : isOverload(status) ? 'overloaded' : 'fine');
    },
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

/**
 * Whether the CA failed on its own side and asks for no long pause: it may or may not have done what it was asked for,
 * and can be asked again.
 */
export function failedForNow(error: unknown): boolean {
  if (!(error instanceof EverbindError)) return false;
  if (error.code !== 'ACME_PROBLEM' && error.code !== 'ACME_UNEXPECTED_RESPONSE') return false;
  const { httpStatus = 0, retryAfterMs } = error.facts;
  return httpStatus !== 429 && isOverload(httpStatus) && (retryAfterMs ?? 0) <= PATIENCE_MS;
}

/** 501 says that the CA cannot do this at all. */
function isOverload(status: number): boolean {
  return status === 429 || (status >= 500 && status !== 501);
}

function held(host: string, wait: number): EverbindError {
  const retryAfterMs = Math.ceil(wait);
  const message = `${host} asked for a pause; nothing was sent`;
  return new EverbindError('ACME_HOST_BACKOFF', message, { host, retryAfterMs }, { facts: { retryAfterMs } });
}
