import { EverbindError, retryAfterOf } from '../../errors/error.ts';
import { isProblem } from '../messages/problem.ts';
import { isTransient } from './response.ts';
import { countdown } from '../../concurrency/countdown.ts';
import type { Session } from './session.ts';

export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long to wait in all, in milliseconds; 150,000 by default (some CAs take two minutes). */
  readonly timeoutMs?: number | undefined;
  /** The Retry-After of the response that began the wait. */
  readonly retryAfterMs?: number | null | undefined;
}

const defaultTimeoutMs = 150_000;
const firstDelayMs = 1;
const growth = 1.6;
const maxDelayMs = 5_000;
/** The longest Retry-After that is obeyed: the deadline is ours. */
const maxObeyedMs = 60_000;
const maxFailuresInRow = 5;
/** So long may a server of the CA not know what another one of its servers has made. */
const unknownForMs = 60_000;
const firstDelayOfUnknownMs = 500;

/**
 * Repeats `ask` until `done`: soon and often at first, since most CAs are quick, and by Retry-After where the CA sends
 * one. Transient failures in between are ignored, and so is that the CA does not know what it has made, for a minute.
 * Throws ACME_WAIT_TIMEOUT, with what `describe` says of the last response, or what `ask` throws.
 */
export async function pollUntil<T extends { readonly retryAfterMs: number | null }>(
  session: Pick<Session, 'clock' | 'random'>,
  poll: {
    readonly what: string;
    ask(signal?: AbortSignal): Promise<T>;
    done(response: T): boolean;
    describe(response: T): Readonly<Record<string, string>>;
  },
  options: WaitOptions,
): Promise<T> {
  const { clock, random } = session;
  const timeLeft = countdown(clock, options.timeoutMs ?? defaultTimeoutMs);
  let hint = options.retryAfterMs ?? null;
  let delay = firstDelayMs;
  let failures = 0;
  let untilKnown: (() => number) | null = null;
  let last: T | null = null;
  for (;;) {
    const remaining = timeLeft();
    if (remaining <= 0) throw timeout(poll.what, last === null ? {} : poll.describe(last));
    // Up to a tenth more, so that many certificates do not ask at the same moment.
    const wait = Math.max(delay, Math.min(hint ?? 0, maxObeyedMs)) * (1 + random.uniform() / 10);
    await clock.sleep(Math.min(wait, remaining), options.signal);
    delay = Math.min(delay * growth, maxDelayMs);
    try {
      last = await poll.ask(options.signal);
      failures = 0;
      untilKnown = null;
      hint = last.retryAfterMs;
      if (poll.done(last)) return last;
    } catch (error) {
      if (isUnknown(error)) {
        untilKnown ??= countdown(clock, unknownForMs);
        if (untilKnown() <= 0) throw unknown(poll.what, error);
        hint = retryAfterOf(error);
        continue;
      }
      failures += 1;
      if (!isTransient(error) || failures > maxFailuresInRow) throw error;
      hint = retryAfterOf(error);
    }
  }
}

/**
 * Asks for what the CA has named a moment ago. Some CAs answer from several servers, of which not all know it yet
 * (go-acme/lego#2518, #674): a 404 is asked again for a minute. Throws ACME_OBJECT_UNKNOWN after that, and what `ask`
 * throws.
 */
export async function onceKnown<T>(
  { clock }: Pick<Session, 'clock'>,
  what: string,
  ask: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const timeLeft = countdown(clock, unknownForMs);
  for (let delay = firstDelayOfUnknownMs; ; delay = Math.min(delay * growth, maxDelayMs)) {
    try {
      return await ask();
    } catch (error) {
      if (!isUnknown(error)) throw error;
      const remaining = timeLeft();
      if (remaining <= 0) throw unknown(what, error);
      await clock.sleep(Math.min(Math.max(delay, retryAfterOf(error) ?? 0), remaining), signal);
    }
  }
}

/** Whether the CA says that there is no such thing at that address. */
function isUnknown(error: unknown): error is EverbindError {
  if (!(error instanceof EverbindError) || error.facts.httpStatus !== 404) return false;
  return !isProblem(error, 'accountDoesNotExist');
}

function unknown(what: string, cause: EverbindError): EverbindError {
  const { httpStatus, problem } = cause.facts;
  return new EverbindError(
    'ACME_OBJECT_UNKNOWN',
    `The CA does not know the ${what} that it named itself: ${cause.message}`,
    { ...cause.details, what },
    {
      cause,
      facts: { ...(httpStatus === undefined ? {} : { httpStatus }), ...(problem === undefined ? {} : { problem }) },
    },
  );
}

function timeout(what: string, details: Readonly<Record<string, string>>): EverbindError {
  return new EverbindError('ACME_WAIT_TIMEOUT', `The CA did not finish the ${what} in time`, { ...details, what });
}
