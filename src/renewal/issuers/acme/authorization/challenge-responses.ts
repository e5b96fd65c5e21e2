import type { ChallengeConfig } from '../../../../config/types.ts';
import type { ChallengeTask, Solver } from '../../../../ports/solver.ts';
import { forgetResponses, noteResponses, visibleResponses } from '../../../state/challenge-table.ts';
import type { AcmeRun } from '../acme-ports.ts';

/** A challenge response that is, or may be, visible to everybody. */
export interface ChallengeResponse {
  readonly task: ChallengeTask;
  readonly config: ChallengeConfig;
  readonly solver: Solver;
}

/** One that could not be made visible. */
export interface NotPresented<T> {
  readonly work: T;
  readonly error: unknown;
}

/**
 * Journals the responses, makes them visible and waits until the CA would see them. When some fail, all are removed, and those that failed are
 * returned; empty when all are visible.
 */
export async function present<T extends ChallengeResponse>(
  { store, signal }: AcmeRun,
  renewalId: string,
  works: readonly T[],
): Promise<readonly NotPresented<T>[]> {
  if (works.length === 0) return [];
  await noteResponses(store, renewalId, works);
  let failed = await failures(works, ({ solver, task }) => solver.present(task, signal));
  if (failed.length === 0) failed = await failures(works, ({ solver, task }) => solver.wait(task, signal));
  if (failed.length > 0) await cleanUp({ store }, works);
  return failed;
}

/** Waits for all of them, so that nothing is still under way while it is cleaned up. */
async function failures<T>(works: readonly T[], run: (work: T) => Promise<void>): Promise<readonly NotPresented<T>[]> {
  const results = await Promise.allSettled(works.map(async (work) => run(work)));
  return works.flatMap((work, index) => {
    const result = results[index];
    return result?.status === 'rejected' ? [{ work, error: result.reason as unknown }] : [];
  });
}

/** Waits for all of them, so that nothing is still under way while it is cleaned up; then throws the first failure. */
export async function settled(works: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(works);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/**
 * Removes responses. What cannot be removed now is tried again at the next run: its row stays. Whoever has lost the lease removes nothing: the new
 * holder may have presented the same responses again, and the CA may be looking at them.
 */
export async function cleanUp(
  { store }: Pick<AcmeRun, 'store'>,
  works: readonly Pick<ChallengeResponse, 'task' | 'solver'>[],
): Promise<void> {
  if (!store.holdsLease()) return;
  const results = await Promise.allSettled(works.map(async ({ solver, task }) => solver.cleanUp(task)));
  const done = works.filter((_, index) => results[index]?.status === 'fulfilled');
  await forgetResponses(
    store,
    done.map(({ task }) => task),
  );
}

/**
 * Removes what interrupted runs left visible and what could not be removed before. At the end of a run: a response that the CA is still
 * looking at belongs to a renewal that was resumed, which presents and removes it itself.
 */
export async function cleanUpLeftovers({ store, solverFor }: AcmeRun): Promise<void> {
  const works = store.read(visibleResponses).flatMap(({ task, config }) => {
    try {
      return [{ task, solver: solverFor(task, config) }];
    } catch {
      // This machine cannot respond this way any more; the row stays in case it can again.
      return [];
    }
  });
  if (works.length > 0) await cleanUp({ store }, works);
}
