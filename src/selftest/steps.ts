import { asEverbindError } from '../errors/error.ts';
import type { ErrorCode } from '../errors/table.ts';
import type { Clock } from '../ports/clock.ts';
import type { RawCall, TestStep } from './result-file.ts';

/**
 * Runs steps in order. After the first that fails, or an abort, the others are skipped. A text that the work of a step
 * returns becomes its message.
 */
export interface Steps {
  /** Returns null when the step failed or was skipped. A failure with a code of `refusals` only skips it. */
  run<T>(step: string, work: () => Promise<T>, refusals?: readonly ErrorCode[]): Promise<T | null>;
  /** Runs even after a failure. */
  always(step: string, work: () => Promise<unknown>): Promise<void>;
  /** Notes what cannot be tested, and why. */
  skip(step: string, reason: string): void;
  /** Steps of their own: what fails among them does not keep those after them from running. */
  part(): Steps;
}

export interface StepOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The calls of the host since it was last asked. */
  takeCalls(): readonly RawCall[];
  onStep(result: TestStep): void;
}

/** The message of a step that was skipped because one before it failed, or the test was interrupted. */
export const NOT_REACHED = 'an earlier step did not pass';

export function createSteps(options: StepOptions, hasFailed = false): Steps {
  const { clock, signal, takeCalls, onStep } = options;
  let failed = hasFailed;
  const attempt = async <T>(
    step: string,
    work: () => Promise<T>,
    refusals: readonly ErrorCode[],
  ): Promise<T | null> => {
    const began = clock.now();
    const note = (outcome: TestStep['outcome'], code: ErrorCode | null, message: string): void =>
      onStep({ step, outcome, ms: clock.now() - began, code, message, calls: takeCalls() });
    try {
      const value = await work();
      note('passed', null, typeof value === 'string' ? value : '');
      return value;
    } catch (error) {
      const { code, message } = asEverbindError(error);
      const refused = refusals.includes(code);
      failed ||= !refused;
      note(refused ? 'skipped' : 'failed', code, message);
      return null;
    }
  };
  const skip = (step: string, message: string): void =>
    onStep({ step, outcome: 'skipped', ms: 0, code: null, message, calls: [] });
  return {
    run: async (step, work, refusals = []) => {
      if (!failed && !signal.aborted) return attempt(step, work, refusals);
      failed = true;
      skip(step, NOT_REACHED);
      return null;
    },
    always: async (step, work) => void (await attempt(step, work, [])),
    skip,
    part: () => createSteps(options, failed),
  };
}

/** What an earlier step created. A step runs only when all before it have passed. */
export function given<T>(value: T | null): T {
  if (value === null) throw new Error('a step of the self-test runs without the one before it');
  return value;
}
