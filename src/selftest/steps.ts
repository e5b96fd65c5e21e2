import { asEverbindError } from '../errors/error.ts';
import type { ErrorCode } from '../errors/table.ts';
import type { Clock } from '../ports/clock.ts';

/** How one step of a self-test went. */
export interface StepResult {
  readonly step: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Milliseconds. */
  readonly ms: number;
  /** Code of the failure. */
  readonly code: ErrorCode | null;
  /** What was seen, or why it failed; '' when there is nothing to say. */
  readonly message: string;
}

/** Runs steps in order. After the first that fails, or an abort, the others are skipped. */
export interface Steps {
  /** Returns null when the step failed or was skipped. A text that the work returns becomes the message. */
  run<T>(step: string, work: () => Promise<T>): Promise<T | null>;
  /** Runs even after a failure. */
  always(step: string, work: () => Promise<string>): Promise<void>;
  results(): readonly StepResult[];
}

export function createSteps(clock: Clock, signal: AbortSignal, onStep: (result: StepResult) => void): Steps {
  const results: StepResult[] = [];
  let failed = false;
  const note = (result: StepResult): void => {
    results.push(result);
    onStep(result);
  };
  const attempt = async <T>(step: string, work: () => Promise<T>): Promise<T | null> => {
    const began = clock.now();
    try {
      const value = await work();
      const message = typeof value === 'string' ? value : '';
      note({ step, outcome: 'passed', ms: clock.now() - began, code: null, message });
      return value;
    } catch (error) {
      failed = true;
      const { code, message } = asEverbindError(error);
      note({ step, outcome: 'failed', ms: clock.now() - began, code, message });
      return null;
    }
  };
  return {
    run: async (step, work) => {
      if (!failed && !signal.aborted) return attempt(step, work);
      failed = true;
      note({ step, outcome: 'skipped', ms: 0, code: null, message: '' });
      return null;
    },
    always: async (step, work) => void (await attempt(step, work)),
    results: () => results,
  };
}
