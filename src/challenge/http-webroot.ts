import { errorCode, EverbindError, WindowsError } from '../errors/error.ts';
import type { ChallengeTask, Solver } from '../ports/solver.ts';
import { cleanUpFailed, errorText, presentFailed } from './failure.ts';
import { QUICK_WAITS, type SelfCheck } from './self-check.ts';
import { type SelfCheckReason, wasAnswered } from './self-check-reasons.ts';
import { checkedToken } from './token.ts';
import type { WebConfigForm } from './web-config.ts';
import type { WebrootFolders } from './webroot-folder.ts';

export interface WebrootOptions {
  /** Shared by all solvers over the same host: it knows how many answers lie below each root. */
  readonly folders: WebrootFolders;
  /** Root folder of the site that answers for this host over plain HTTP, as IIS has it; null when there is none. */
  readonly rootFor: (host: string) => Promise<string | null>;
  readonly selfCheck: SelfCheck;
}

/**
 * http-01 by a file below the root of the site. `wait` tries the forms of web.config in turn until the file is served. After a kill `cleanUp`
 * needs the task alone; tasks that go on are to be presented again before others are cleaned up, since only then they count as live.
 */
export function createWebrootSolver({ folders, rootFor, selfCheck }: WebrootOptions): Solver {
  // The site may move while a task is under way; what was written is removed from where it was written.
  const roots = new Map<string, string>();

  return {
    type: 'http-01',

    present: async (task, signal) => {
      const token = checkedToken(task.token);
      signal?.throwIfAborted();
      const root = roots.get(token) ?? (await rootFor(task.identifier.value));
      if (root === null) {
        throw presentFailed(task, 'no-site', 'no IIS site with a root folder answers for this name over plain HTTP');
      }
      const outcome = await folders.put(root, token, task.keyAuthorization).catch((error: unknown) => {
        throw refused(presentFailed, task, root, error);
      });
      if (outcome === 'root-missing') {
        throw presentFailed(task, 'root-missing', `the root folder ${root} of the site does not exist`, { path: root });
      }
      if (outcome === 'file-exists') {
        const message = `a file of somebody else below ${root} has the name of the token; it was left alone`;
        throw presentFailed(task, 'file-exists', message, { path: root });
      }
      roots.set(token, root);
    },

    wait: async (task, signal) => {
      const root = roots.get(task.token) ?? (await rootFor(task.identifier.value));
      if (root === null) {
        await selfCheck(task, { signal });
        return;
      }
      let form: WebConfigForm | null = await folders.form(root);
      let first: unknown = null;
      for (;;) {
        try {
          await selfCheck(task, form === null ? { signal } : { signal, waits: QUICK_WAITS });
          folders.settle(root);
          return;
        } catch (error) {
          first ??= error;
          // No web.config helps against a closed port.
          if (form === null || !isAnswer(error)) throw first;
          form = await folders.nextForm(root, form);
          if (form === null) throw first;
        }
      }
    },

    cleanUp: async (task) => {
      const token = checkedToken(task.token);
      const root = roots.get(token) ?? (await rootFor(task.identifier.value));
      if (root === null) return;
      await folders.remove(root, token, task.keyAuthorization).catch((error: unknown) => {
        throw refused(cleanUpFailed, task, root, error);
      });
      roots.delete(token);
    },
  };
}

function isAnswer(error: unknown): boolean {
  if (errorCode(error) !== 'CHALLENGE_SELF_CHECK_FAILED') return false;
  const reason = error instanceof EverbindError ? error.details['reason'] : null;
  return wasAnswered(reason as SelfCheckReason);
}

function refused(make: typeof presentFailed, task: ChallengeTask, root: string, error: unknown): unknown {
  if (!(error instanceof WindowsError)) return error;
  const message = `Windows refuses a file below ${root}: ${errorText(error)}`;
  return make(task, 'file-refused', message, { path: root }, error);
}
