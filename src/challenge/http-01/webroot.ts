import { errorCode, EverbindError, WindowsError } from '../../errors/error.ts';
import type { ChallengeTask, Solver } from '../../ports/solver.ts';
import { cleanUpFailed, errorText, presentFailed } from '../challenge-failure.ts';
import { QUICK_WAITS, type SelfCheck } from './self-check.ts';
import { type SelfCheckReason, hasResponse } from './self-check-reasons.ts';
import { checkedToken } from '../token.ts';
import type { WebrootFolders } from './webroot-folder.ts';

export interface WebrootOptions {
  /** Shared by all solvers of the host: it counts the challenge responses below each root. */
  readonly folders: WebrootFolders;
  /**
   * Root folders, as IIS has them, of the sites that receive plain HTTP for this host: several when sites on different
   * addresses have the same host, since only the CA knows which one it will reach.
   */
  readonly rootsFor: (host: string) => Promise<readonly string[]>;
  readonly selfCheck: SelfCheck;
}

/**
 * http-01 by a file below the root of the site. `wait` tries the forms of web.config in turn until the file is served.
 * After a kill `cleanUp` needs only the task. Tasks that go on must be presented again before others are cleaned up,
 * since only then do they count as live.
 */
export function createWebrootSolver({ folders, rootsFor, selfCheck }: WebrootOptions): Solver {
  // The site may move during a task; a file is removed from where it was written.
  const written = new Map<string, readonly string[]>();
  const rootsOf = async (task: ChallengeTask): Promise<readonly string[]> =>
    written.get(task.token) ?? [...new Set(await rootsFor(task.identifier.value))];

  const put = async (task: ChallengeTask, root: string): Promise<void> => {
    const outcome = await folders.put(root, task.token, task.keyAuthorization).catch((error: unknown) => {
      throw refused(presentFailed, task, root, error);
    });
    if (outcome === 'root-missing') {
      throw presentFailed(task, outcome, `the root folder ${root} of the site does not exist`, { path: root });
    }
    if (outcome === 'file-exists') {
      const message = `a foreign file below ${root} has the name of the token; it was not changed`;
      throw presentFailed(task, outcome, message, { path: root });
    }
  };

  return {
    type: 'http-01',

    present: async (task, signal) => {
      const token = checkedToken(task.token);
      signal?.throwIfAborted();
      const roots = await rootsOf(task);
      if (roots.length === 0) {
        throw presentFailed(task, 'no-site', 'no IIS site with a root folder receives plain HTTP for this name');
      }
      written.set(token, roots);
      for (const root of roots) await put(task, root);
    },

    wait: async (task, signal) => {
      const roots = await rootsOf(task);
      let forms = await Promise.all(roots.map((root) => folders.form(root)));
      let first: unknown = null;
      for (;;) {
        const more = forms.some((form) => form !== null);
        try {
          await selfCheck(task, more ? { signal, waits: QUICK_WAITS } : { signal });
          for (const root of roots) folders.settle(root);
          return;
        } catch (error) {
          first ??= error;
          // No web.config helps against a closed port.
          if (!more || !gotResponse(error)) throw first;
          const next = await Promise.all(roots.map((root, index) => folders.nextForm(root, forms[index] ?? null)));
          if (next.every((form) => form === null)) throw first;
          forms = next;
        }
      }
    },

    cleanUp: async (task) => {
      const token = checkedToken(task.token);
      for (const root of await rootsOf(task)) {
        await folders.remove(root, token, task.keyAuthorization).catch((error: unknown) => {
          throw refused(cleanUpFailed, task, root, error);
        });
      }
      written.delete(token);
    },
  };
}

function gotResponse(error: unknown): boolean {
  if (errorCode(error) !== 'CHALLENGE_SELF_CHECK_FAILED') return false;
  const reason = error instanceof EverbindError ? error.facts.reason : undefined;
  return hasResponse(reason as SelfCheckReason);
}

function refused(make: typeof presentFailed, task: ChallengeTask, root: string, error: unknown): unknown {
  if (!(error instanceof WindowsError)) return error;
  const message = `Windows refuses a file below ${root}: ${errorText(error)}`;
  return make(task, 'file-refused', message, { path: root }, error);
}
