import { EverbindError } from '../../errors/error.ts';
import type { ChallengeTask, Solver } from '../../ports/solver.ts';
import type { HttpMode, HttpModeChoice } from './choose-mode.ts';
import { isHttpSysRefusal } from './http-sys.ts';

export interface AutoSolverOptions {
  /** Decides anew for each task; `refusal` as in chooseHttpMode. */
  readonly choose: (refusal: string | null) => Promise<HttpModeChoice>;
  readonly solverFor: (task: ChallengeTask, mode: HttpMode) => Solver;
  /** Is told every choice, for the log. */
  readonly onChoice: (task: ChallengeTask, choice: HttpModeChoice) => void;
  /** The solver whose files outlive a kill: it cleans up as well, since the killed run may have chosen another mode. */
  readonly afterKill: Solver | null;
}

/** http-01 in the mode that suits each name. When http.sys refuses its URL prefix, the mode is chosen once more. */
export function createAutoSolver({ choose, solverFor, onChoice, afterKill }: AutoSolverOptions): Solver {
  const chosen = new Map<string, Solver>();

  const presentBy = async (task: ChallengeTask, choice: HttpModeChoice, signal?: AbortSignal): Promise<void> => {
    onChoice(task, choice);
    const solver = solverFor(task, choice.mode);
    await solver.present(task, signal);
    chosen.set(task.token, solver);
  };

  return {
    type: 'http-01',

    present: async (task, signal) => {
      const before = chosen.get(task.token);
      if (before !== undefined) {
        await before.present(task, signal);
        return;
      }
      const first = await choose(null);
      try {
        await presentBy(task, first, signal);
      } catch (refusal) {
        if (!isHttpSysRefusal(refusal)) throw refusal;
        const second = await choose(refusal.message);
        if (second.mode === first.mode) throw refusal;
        await presentBy(task, second, signal).catch((error: unknown) => {
          throw withRefusal(error, refusal);
        });
      }
    },

    wait: async (task, signal) => {
      const solver = chosen.get(task.token) ?? solverFor(task, (await choose(null)).mode);
      await solver.wait(task, signal);
    },

    cleanUp: async (task) => {
      const solver = chosen.get(task.token);
      if (solver !== undefined) await solver.cleanUp(task);
      chosen.delete(task.token);
      if (solver !== afterKill) await afterKill?.cleanUp(task);
    },
  };
}

// The failure of the second mode alone would hide the first, which is often the one to fix.
function withRefusal(error: unknown, refusal: EverbindError): unknown {
  if (!(error instanceof EverbindError)) return error;
  const details = { ...error.details, httpSys: refusal.facts.reason ?? null };
  return new EverbindError(error.code, `${error.message}; before that: ${refusal.message}`, details, { cause: error });
}
