import { EverbindError } from '../../errors/error.ts';
import type { Identifier } from '../../pki/x509/names.ts';
import { challengeAt } from '../messages/authorization.ts';
import type { Challenge } from '../messages/challenge.ts';
import type { OrderResource } from '../messages/order.ts';
import { AcmeProblemError, blankProblem, type Problem } from '../messages/problem.ts';
import { authorizationFailed, type AuthorizationRequests } from './authorization-requests.ts';
import type { OrderRequests } from './order-requests.ts';
import type { WaitOptions } from './polling.ts';
import { isTransient } from './response.ts';
import type { Session } from './session.ts';

/** A challenge whose response is visible. */
export interface ChallengeToValidate {
  readonly authorizationUrl: string;
  readonly challengeUrl: string;
  /** The name, as its authorization has it. */
  readonly name: string;
  /** Whether the CA still has to be told. */
  readonly pending: boolean;
}

export interface ValidationOptions extends WaitOptions {
  /** Names that the order must be for. */
  readonly identifiers: readonly Identifier[];
  /** Told, once for each name, what the CA saw when it tries again later (RFC 8555 section 8.2). */
  failing?(name: string, problem: Problem): Promise<void>;
}

export interface ValidationRequests {
  /**
   * Tells the CA that these challenges can be checked, and waits until it has seen enough: until the order is ready, or
   * further. Throws ACME_AUTHORIZATION_INVALID with the CA's reason, ACME_ORDER_INVALID, and ACME_WAIT_TIMEOUT, with
   * the last reason that the CA gave, if any.
   */
  validateOrder(
    url: string,
    challenges: readonly ChallengeToValidate[],
    options: ValidationOptions,
  ): Promise<OrderResource>;
}

/** Most CAs are done before; the others say in the authorization, not in the order, how it goes. */
const FIRST_LOOK_MS = 2_000;
/** Looked at in one round, of those that are not valid yet; the next ones in the next round. */
const LOOKS_AT_ONCE = 8;
/**
 * When a response is repeated to a CA that reports an error and goes on (RFC 8555 section 8.2), after the one before.
 */
const REPEATS_AFTER_MS = [15_000, 30_000, 60_000];

/** One challenge on its way. */
interface Course {
  readonly challenge: ChallengeToValidate;
  valid: boolean;
  problem: Problem | null;
  told: number;
  repeats: number;
  /** No repetition before: the CA asks for more time, milliseconds. */
  wait: number;
}

export function validationRequests(
  { clock }: Session,
  { getAuthorization, respondToChallenge }: AuthorizationRequests,
  { waitForOrder }: OrderRequests,
): ValidationRequests {
  async function respond(course: Course, signal: AbortSignal | undefined): Promise<Challenge | null> {
    const { authorizationUrl, challengeUrl } = course.challenge;
    try {
      const { challenge, retryAfterMs } = await respondToChallenge(challengeUrl, signal);
      course.wait = retryAfterMs ?? 0;
      return challenge;
    } catch (error) {
      if (!(error instanceof AcmeProblemError) || isTransient(error)) throw error;
      // CAs refuse what was named before, by a request that came to them twice: then it is looked at already.
      const { authorization } = await getAuthorization(authorizationUrl, { signal });
      const challenge = challengeAt(authorization, challengeUrl);
      if (authorization.status === 'valid') return null;
      if (challenge === undefined || challenge.status === 'pending') throw error;
      return challenge;
    }
  }

  return {
    validateOrder: async (url, challenges, { failing, ...options }) => {
      const { signal, identifiers } = options;
      const courses = challenges.map(
        (challenge): Course => ({
          challenge,
          valid: false,
          problem: null,
          told: clock.now(),
          repeats: 0,
          wait: 0,
        }),
      );

      /** Takes note of a challenge as the CA sees it now. */
      async function note(course: Course, { status, error }: Challenge): Promise<void> {
        const { name } = course.challenge;
        course.valid = status === 'valid';
        if (status === 'invalid' || error === null) return;
        const isNew = course.problem === null;
        course.problem = error;
        if (isNew) await failing?.(name, error);
      }

      async function tell(asked: readonly Course[]): Promise<void> {
        const told = await Promise.allSettled(asked.map((course) => respond(course, signal)));
        const ended: [Course, Challenge][] = [];
        for (const [index, course] of asked.entries()) {
          const result = told[index];
          const challenge = result?.status === 'fulfilled' ? result.value : null;
          course.told = clock.now();
          if (challenge === null) continue;
          if (challenge.status === 'invalid') ended.push([course, challenge]);
          else await note(course, challenge);
        }
        if (ended.length > 0) throw failed(ended);
        const refused = told.find((result) => result.status === 'rejected');
        if (refused !== undefined) throw refused.reason;
      }

      let next = 0;
      /** How the challenges stand that are not valid yet: an order may stay pending whatever became of them. */
      async function look(): Promise<void> {
        const open = courses.filter(({ valid }) => !valid);
        const some = Array.from({ length: Math.min(open.length, LOOKS_AT_ONCE) }, (_, index) => {
          return open[(next + index) % open.length];
        }).filter((course) => course !== undefined);
        next += some.length;
        const looks = some.map(({ challenge: { authorizationUrl } }) =>
          getAuthorization(authorizationUrl, { identifiers, signal }),
        );
        const found = await Promise.allSettled(looks);
        signal?.throwIfAborted();
        const ended: [Course, Challenge][] = [];
        for (const [index, course] of some.entries()) {
          const result = found[index];
          // What cannot be looked at now says nothing: the order does.
          if (result?.status !== 'fulfilled') continue;
          const { authorization } = result.value;
          if (authorization.status === 'valid') course.valid = true;
          else if (authorization.status !== 'pending') throw authorizationFailed(result.value);
          const challenge = challengeAt(authorization, course.challenge.challengeUrl);
          if (challenge?.status === 'invalid') ended.push([course, challenge]);
          else if (challenge !== undefined && !course.valid) await note(course, challenge);
        }
        if (ended.length > 0) throw failed(ended);
        await repeat(some);
      }

      /** The CA may refuse it, and goes on as it does: only what comes back as invalid counts. */
      async function repeat(some: readonly Course[]): Promise<void> {
        const due = some.filter(({ valid, problem, told, repeats, wait }) => {
          const after = REPEATS_AFTER_MS[repeats];
          return !valid && problem !== null && after !== undefined && clock.now() - told >= Math.max(after, wait);
        });
        for (const course of due) course.repeats += 1;
        await tell(due).catch((error: unknown) => {
          signal?.throwIfAborted();
          if (error instanceof EverbindError && error.code === 'ACME_AUTHORIZATION_INVALID') throw error;
        });
      }

      await tell(courses.filter(({ challenge }) => challenge.pending));
      const begun = clock.now();
      try {
        return await waitForOrder(url, {
          ...options,
          until: 'ready',
          pending: async () => {
            if (clock.now() - begun >= FIRST_LOOK_MS) await look();
          },
        });
      } catch (error) {
        throw withReason(error, url, courses);
      }
    },
  };
}

function failed(ended: readonly (readonly [Course, Challenge])[]): AcmeProblemError {
  const names = ended.map(([{ challenge }]) => challenge.name);
  const problem =
    ended.map(([, { error }]) => error).find((error) => error !== null) ?? blankProblem('the challenge is invalid');
  return new AcmeProblemError(
    'ACME_AUTHORIZATION_INVALID',
    problem,
    { httpStatus: 200, retryAfterMs: null },
    { url: ended[0]?.[0].challenge.authorizationUrl ?? '', failed: names },
    { names },
  );
}

/** A wait that ended in vain, with what the CA saw all the while. */
function withReason(error: unknown, url: string, courses: readonly Course[]): unknown {
  if (!(error instanceof EverbindError) || error.code !== 'ACME_WAIT_TIMEOUT') return error;
  const failing = courses.filter(({ valid, problem }) => !valid && problem !== null);
  const [first] = failing;
  if (first === undefined || first.problem === null) return error;
  const names = failing.map(({ challenge }) => challenge.name);
  return new AcmeProblemError(
    'ACME_WAIT_TIMEOUT',
    first.problem,
    { httpStatus: 200, retryAfterMs: null },
    { ...error.details, url, failed: names },
    { names },
    'It did not finish the validation in time',
  );
}
