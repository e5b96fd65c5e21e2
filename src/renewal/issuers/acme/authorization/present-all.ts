import type { AuthorizationResource } from '../../../../acme/session/authorization-requests.ts';
import { withDeadline } from '../../../../concurrency/deadline.ts';
import { visibleWithinMs } from '../../../../config/challenge-for.ts';
import type { ChallengeConfig } from '../../../../config/types.ts';
import { EverbindError } from '../../../../errors/error.ts';
import type { IssuanceRequest } from '../../../../ports/issuer.ts';
import { overdue, PRESENTING_MS } from '../../../schedule/issuer-backoff.ts';
import { forgetResponses, noteResponses, visibleResponses } from '../../../state/challenge-table.ts';
import { withRenewal } from '../../../state/renewal-table.ts';
import type { AcmeRun } from '../acme-ports.ts';
import type { ChallengeResponse, ChallengeWork } from './challenge-work.ts';

type Choose = (resource: AuthorizationResource, notVisible: readonly ChallengeConfig[]) => Promise<ChallengeWork>;

/**
 * Makes the responses visible. What cannot be costs nothing at the CA: the next challenge of that name is tried with
 * the same order. Returns what is visible in the end; throws the failure of a name that has no other challenge.
 */
export async function presentAll(
  run: AcmeRun,
  request: IssuanceRequest,
  first: readonly ChallengeWork[],
  choose: Choose,
): Promise<readonly ChallengeWork[]> {
  let before: readonly ChallengeWork[] = [];
  for (let works = first; ; ) {
    const noted = before;
    await noteChoices(
      run,
      request,
      works.filter((work) => !noted.includes(work)),
    );
    const failed = await present(run, request.renewalId, works);
    if (failed.length === 0) return works;
    before = works;
    const others = works.map((work) => {
      const failure = failed.find((one) => one.work === work);
      return failure === undefined ? Promise.resolve(work) : otherWay(run, failure, choose);
    });
    await settled(others);
    works = await Promise.all(others);
  }
}

async function otherWay(
  { signal }: AcmeRun,
  { work, error }: NotPresented<ChallengeWork>,
  choose: Choose,
): Promise<ChallengeWork> {
  const { resource, config, candidates } = work;
  const notVisible = [...work.notVisible, config];
  if (signal.aborted || !(error instanceof EverbindError)) throw error;
  if (candidates.every((candidate) => notVisible.includes(candidate))) throw error;
  try {
    return await choose(resource, notVisible);
  } catch {
    // That none is left says less than why this one failed.
    throw error;
  }
}

/** Where there was a choice, the log says what it was and why. */
async function noteChoices(
  { store }: AcmeRun,
  { name: subject, renewalId }: IssuanceRequest,
  works: readonly ChallengeWork[],
): Promise<void> {
  const chosen = works.filter(({ choice }) => choice !== null);
  if (chosen.length === 0) return;
  await store.commit(({ audit }) => {
    for (const { ordered, config, choice } of chosen) {
      const data = { name: ordered.value, challenge: config.type, reason: choice };
      audit({ type: 'challenge.chosen', subject, data: withRenewal(renewalId, data) });
    }
  });
}

/** One that could not be made visible. */
interface NotPresented<T> {
  readonly work: T;
  readonly error: unknown;
}

/**
 * Journals the responses, makes them visible and waits until the CA would see them. When some fail, all are removed,
 * and those that failed are returned; empty when all are visible.
 */
export async function present<T extends ChallengeResponse>(
  { store, clock, signal }: AcmeRun,
  renewalId: string,
  works: readonly T[],
): Promise<readonly NotPresented<T>[]> {
  if (works.length === 0) return [];
  await noteResponses(store, renewalId, works);
  const ms = PRESENTING_MS + Math.max(...works.map(({ config }) => visibleWithinMs(config)));
  const late = (): Error => overdue('making the challenge responses visible', ms, 'host');
  const failed = await withDeadline({ clock, ms, signal, late }, async (presenting) => {
    const absent = await failures(works, ({ solver, task }) => solver.present(task, presenting));
    return absent.length > 0 ? absent : failures(works, ({ solver, task }) => solver.wait(task, presenting));
  });
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
 * Removes responses. What cannot be removed now is tried again at the next run: its row stays. Whoever has lost the
 * lease removes nothing: the new holder may have presented the same responses again, and the CA may be looking at them.
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
 * Removes what interrupted runs left visible and what could not be removed before. At the end of a run: a response that
 * the CA is still looking at belongs to a renewal that was resumed, which presents and removes it itself.
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
