import { EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { HttpResponse } from '../../ports/transport.ts';
import { acmeProblemType } from './answer.ts';
import { retryAfterMs } from '../messages/retry-after.ts';

/** Hosts that asked to be left alone: while one does, no request goes there, whichever certificate and account it is for. */
export interface HostBackoffs {
  /** Waits until a request to this URL may be sent. Throws ACME_HOST_BACKOFF at once when that is too long to wait for, with `retryAfterMs`. */
  pass(url: string, signal?: AbortSignal): Promise<void>;
  /** Takes note of an answer of the host. */
  note(url: string, answer: HttpResponse): Promise<void>;
}

export interface HostHoldsParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Host and until when, milliseconds since 1970: those of before. */
  readonly kept: readonly (readonly [string, number])[];
  /** Keeps a hold that outlasts a process. May fail: it then holds as long as this process lives. */
  keep(host: string, until: number): Promise<void>;
}

/** A request is worth this wait; more is left to the next attempt. */
const PATIENCE_MS = 60_000;
/** A host, or whoever answers in its place, is obeyed for this long. */
const LONGEST_MS = 6 * 3_600_000;
/** It may ask again and again. */
const MAX_WAITS = 3;

/**
 * How long an answer wants all of its host left alone; null: it does not. 503 is about the server, 429 about whoever asks, except where ACME
 * says which limit was reached: that is about one order, and others go on (RFC 8555 section 6.6).
 */
export function hostHoldMs(answer: HttpResponse, now: number): number | null {
  const about = answer.status === 503 || (answer.status === 429 && acmeProblemType(answer) === null);
  const wish = about ? retryAfterMs(answer.headers, now) : null;
  return wish === null ? null : Math.min(wish, LONGEST_MS);
}

export function createHostBackoffs({ clock, random, kept, keep }: HostHoldsParts): HostBackoffs {
  const holds = new Map<string, number>(kept);
  return {
    pass: async (url, signal) => {
      if (holds.size === 0) return;
      const { host } = new URL(url);
      for (let waits = 0; ; waits += 1) {
        const wait = (holds.get(host) ?? 0) - clock.now();
        // Longer than any hold: the clock was put back.
        if (wait <= 0 || wait > LONGEST_MS) {
          holds.delete(host);
          return;
        }
        if (wait > PATIENCE_MS || waits >= MAX_WAITS) throw held(host, wait);
        // Up to a tenth more: all that wait are not to come in the same moment.
        await clock.sleep(Math.ceil(wait * (1 + random.uniform() / 10)), signal);
      }
    },
    note: async (url, answer) => {
      const now = clock.now();
      const wish = hostHoldMs(answer, now);
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
  const message = `${host} asked us to stay away for a while; nothing was sent`;
  return new EverbindError('ACME_HOST_BACKOFF', message, { host, retryAfterMs }, { facts: { retryAfterMs } });
}
