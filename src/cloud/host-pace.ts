import { createAdaptiveLimit, type Ending } from '../concurrency/adaptive-limit.ts';
import { EverbindError, retryAfterOf } from '../errors/error.ts';
import type { Clock } from '../ports/clock.ts';

/** Calls of one host with one set of credentials, no more and no faster than the host takes. */
export interface HostPace {
  /**
   * Runs the call when it has a place, and repeats it while the host asks for patience. What asks for more than that,
   * and every other failure, is thrown. Rejects with the signal's reason.
   */
  run<T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** How long all calls together wait for a host that takes none of them: hosts count by the minute. */
const PATIENCE_MS = 90_000;
/** Without a Retry-After, or with a short one again and again, each wait is twice as long as the last one. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;
/** A host that asks for a longer wait is asked again after this one all the same. */
const LONGEST_HOLD_MS = 3_600_000;

/** What the host said, and until when nothing is sent to it. */
interface Hold {
  readonly until: number;
  readonly error: EverbindError;
}

/**
 * `isThrottled`: whether the failure says that the host is asked too often, and that it has done nothing. `isOverload`:
 * whether it is a reason to ask for less at a time; a status of 5xx unless told.
 */
export function createHostPace(
  clock: Clock,
  isThrottled: (error: EverbindError) => boolean,
  isOverload: (error: EverbindError) => boolean = ({ facts }) => (facts.httpStatus ?? 0) >= 500,
): HostPace {
  const limit = createAdaptiveLimit();
  let held: Hold | null = null;
  /** Since the last call that was taken. */
  let waited = 0;
  let next = FIRST_WAIT_MS;

  /**
   * Waits until the host may be asked, and resolves to what held the call back last. Throws what the host said when
   * that is too far away.
   */
  async function pass(signal?: AbortSignal): Promise<Hold | null> {
    let passed: Hold | null = null;
    while (held !== null && held !== passed) {
      passed = held;
      const left = passed.until - clock.now();
      if (left > PATIENCE_MS && left <= LONGEST_HOLD_MS) throw stillHeld(passed.error, left);
      // Longer than any hold: the clock was put back.
      if (left > 0 && left <= PATIENCE_MS) await clock.sleep(left, signal);
    }
    return passed;
  }

  /** Holds back all calls. False: nobody waits for so long. */
  function hold(error: EverbindError, passed: Hold | null): boolean {
    // Another call has heard of the same limit: together they wait once.
    if (held !== passed) return true;
    const now = clock.now();
    // The last wait is long ago: the host starts with a clean slate.
    if (held !== null && now - held.until > PATIENCE_MS) taken();
    const wait = Math.min(Math.max(retryAfterOf(error) ?? 0, next), LONGEST_HOLD_MS);
    const patient = waited + wait <= PATIENCE_MS;
    if (patient || wait > PATIENCE_MS) held = { until: now + wait, error };
    if (patient) waited += wait;
    next = Math.min(next * 2, LONGEST_WAIT_MS);
    return patient;
  }

  function taken(): void {
    waited = 0;
    next = FIRST_WAIT_MS;
  }

  return {
    run: async (call, signal) => {
      for (;;) {
        const leave = await limit.enter(signal);
        let ending: Ending = 'unknown';
        let passed: Hold | null | undefined;
        try {
          passed = await pass(signal);
          const result = await call();
          ending = 'fine';
          taken();
          return result;
        } catch (error) {
          if (passed === undefined || !(error instanceof EverbindError)) throw error;
          const throttled = isThrottled(error);
          if (throttled || isOverload(error)) ending = 'overloaded';
          // A refusal is an answer too.
          else if (error.facts.httpStatus !== undefined) taken();
          if (!throttled || !hold(error, passed)) throw error;
        } finally {
          leave(ending);
        }
      }
    },
  };
}

function stillHeld({ code, message, details, facts }: EverbindError, left: number): EverbindError {
  const retryAfterMs = Math.ceil(left);
  return new EverbindError(code, message, { ...details, retryAfterMs }, { facts: { ...facts, retryAfterMs } });
}
