import type { ChallengeConfig } from '../../../../config/types.ts';
import type { ChallengeTask, Solver } from '../../../../ports/solver.ts';
import { statement } from '../../../../store/statements.ts';
import type { RunContext } from '../../../engine/run-context.ts';
import type { Renewal } from '../../../state/types.ts';

/** An answer to a challenge that is, or may be, visible to everybody. */
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
 * Journals the answers, makes them visible and waits until the CA would see them. When some fail, all are removed, and those that failed are
 * returned; empty when all are visible.
 */
export async function present<T extends ChallengeResponse>(
  context: RunContext,
  renewal: Renewal,
  works: readonly T[],
): Promise<readonly NotPresented<T>[]> {
  if (works.length === 0) return [];
  await context.store.commit(({ db }) => {
    for (const { task, config } of works) {
      statement(db, 'INSERT INTO challenge_response (renewal_id, task, config) VALUES (?, ?, ?)').run(
        renewal.id,
        JSON.stringify(task),
        JSON.stringify(config),
      );
    }
  });
  let failed = await failures(works, ({ solver, task }) => solver.present(task, context.signal));
  if (failed.length === 0) failed = await failures(works, ({ solver, task }) => solver.wait(task, context.signal));
  if (failed.length > 0) await cleanUp(context, works);
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
 * Removes answers. What cannot be removed now is tried again at the next run: its row stays. Who has lost the lease removes nothing: the new
 * holder may have presented the same answers again, and the CA may be looking at them.
 */
export async function cleanUp(
  { store }: RunContext,
  works: readonly Pick<ChallengeResponse, 'task' | 'solver'>[],
): Promise<void> {
  if (!store.holdsLease()) return;
  const results = await Promise.allSettled(works.map(async ({ solver, task }) => solver.cleanUp(task)));
  const done = works.filter((_, index) => results[index]?.status === 'fulfilled');
  if (done.length === 0) return;
  await store.commit(({ db }) => {
    for (const { task } of done) {
      statement(db, 'DELETE FROM challenge_response WHERE task = ?').run(JSON.stringify(task));
    }
  });
}

/**
 * Removes what interrupted runs left visible and what could not be removed before. At the end of a run: an answer that the CA is still
 * looking at belongs to a renewal that was taken up again, which presents and removes it itself.
 */
export async function cleanUpLeftovers(context: RunContext): Promise<void> {
  const rows = context.store.read((db) => statement(db, 'SELECT task, config FROM challenge_response').all());
  const works = rows.flatMap((row) => {
    const task = JSON.parse(row['task'] as string) as ChallengeTask;
    const config = JSON.parse(row['config'] as string) as ChallengeConfig;
    try {
      return [{ task, solver: context.solverFor(task, config) }];
    } catch {
      // This machine cannot answer this way any more; the row stays in case it can again.
      return [];
    }
  });
  if (works.length > 0) await cleanUp(context, works);
}
