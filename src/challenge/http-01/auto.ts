import { EverbindError } from '../../errors/error.ts';
import type { ChallengeTask, Solver } from '../../ports/solver.ts';
import { presentFailed } from '../challenge-failure.ts';
import type { HttpMode, HttpModeChoice, NoHttpMode } from './choose-mode.ts';

export interface AutoSolverOptions {
  /** Decides anew for each task; `failed` as in chooseHttpMode. */
  readonly choose: (task: ChallengeTask, failed: ReadonlyMap<HttpMode, string>) => Promise<HttpModeChoice | NoHttpMode>;
  readonly solverFor: (task: ChallengeTask, mode: HttpMode) => Solver;
  /** Is told every choice, for the log. */
  readonly onChoice: (task: ChallengeTask, choice: HttpModeChoice) => void;
  /** The solver whose files outlive a kill: it cleans up as well, since the killed run may have chosen another mode. */
  readonly afterKill: Solver | null;
}

/**
 * http-01 in the mode that suits each name. When a response cannot be put in place (http.sys refuses its URL prefix, a
 * folder refuses a file), the next mode is tried, until none is left.
 */
export function createAutoSolver({ choose, solverFor, onChoice, afterKill }: AutoSolverOptions): Solver {
  const chosen = new Map<string, Solver>();

  const present = async (task: ChallengeTask, signal?: AbortSignal): Promise<Solver> => {
    const failures = new Map<HttpMode, EverbindError>();
    for (;;) {
      const messages = new Map([...failures].map(([mode, { message }]) => [mode, message]));
      const choice = await choose(task, messages);
      if (choice.mode === null) throw noneWorked(task, [...failures.values()], choice.reason);
      onChoice(task, choice);
      const solver = solverFor(task, choice.mode);
      try {
        await solver.present(task, signal);
        return solver;
      } catch (error) {
        if (!isNotPlaced(error) || failures.has(choice.mode)) throw error;
        failures.set(choice.mode, error);
      }
    }
  };

  return {
    type: 'http-01',

    present: async (task, signal) => {
      const before = chosen.get(task.token);
      if (before === undefined) chosen.set(task.token, await present(task, signal));
      else await before.present(task, signal);
    },

    wait: async (task, signal) => {
      const known = chosen.get(task.token);
      if (known !== undefined) return known.wait(task, signal);
      const choice = await choose(task, new Map());
      if (choice.mode === null) throw noneWorked(task, [], choice.reason);
      return solverFor(task, choice.mode).wait(task, signal);
    },

    cleanUp: async (task) => {
      const solver = chosen.get(task.token);
      if (solver !== undefined) await solver.cleanUp(task);
      chosen.delete(task.token);
      if (solver !== afterKill) await afterKill?.cleanUp(task);
    },

    firewallDoubt: async (task) => (await chosen.get(task.token)?.firewallDoubt?.(task)) ?? null,
  };
}

function isNotPlaced(error: unknown): error is EverbindError {
  return (
    error instanceof EverbindError &&
    (error.code === 'CHALLENGE_PRESENT_FAILED' || error.code === 'CHALLENGE_PORT_IN_USE')
  );
}

/**
 * The failure of the last mode with those before it, which are often the ones to fix, and why there is no further one.
 */
function noneWorked(task: ChallengeTask, failures: readonly EverbindError[], reason: string): EverbindError {
  const [last, ...earlier] = failures.toReversed();
  if (last === undefined) return presentFailed(task, 'no-mode', reason);
  if (earlier.length === 0 && reason === '') return last;
  const before = earlier.map(({ message }) => `; before that: ${message}`).join('');
  const further = reason === '' ? '' : `; ${reason}`;
  return new EverbindError(last.code, `${last.message}${before}${further}`, last.details, { cause: last });
}
