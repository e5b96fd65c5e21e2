import type { AuthorizationResource } from '../../../../acme/session/authorization-requests.ts';
import type { ChallengeConfig } from '../../../../config/types.ts';
import { EverbindError } from '../../../../errors/error.ts';
import type { ChallengeWork } from './challenge-work.ts';
import type { AcmeRun } from '../acme-ports.ts';
import { withRenewal } from '../../../state/renewal-table.ts';
import { type NotPresented, present, settled } from './challenge-responses.ts';
import type { IssuanceRequest } from '../../../../ports/issuer.ts';

type Choose = (resource: AuthorizationResource, notVisible: readonly ChallengeConfig[]) => Promise<ChallengeWork>;

/**
 * Makes the responses visible. What cannot be costs nothing at the CA: the next challenge of that name is tried with the same order. Returns what is
 * visible in the end; throws the failure of a name that has no other challenge.
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
