import type { Propagation, ServerView } from '../../dns/propagation.ts';
import { EverbindError } from '../../errors/error.ts';
import type { ChallengeTask } from '../../ports/solver.ts';

/** `details.reason` of CHALLENGE_SELF_CHECK_FAILED for dns-01. */
export const TXT_REASONS = ['txt-missing', 'txt-lagging', 'txt-other', 'dns-failed'] as const;
type TxtReason = (typeof TXT_REASONS)[number];

/** CHALLENGE_SELF_CHECK_FAILED; `details.servers` names those that do not have the value. */
export function notSeen(
  task: Pick<ChallengeTask, 'identifier'>,
  record: string,
  { lagging, having, attempts }: Extract<Propagation, { readonly seen: false }>,
): EverbindError {
  const name = task.identifier.value;
  const [reason, text] = describe(lagging, having);
  const servers = lagging.map(({ server }) => server);
  const message = `${name}: TXT ${record}: ${text}; asked: ${servers.join(', ')}`;
  return new EverbindError('CHALLENGE_SELF_CHECK_FAILED', message, { name, record, reason, attempts, servers });
}

function describe(lagging: readonly ServerView[], having: number): readonly [reason: TxtReason, text: string] {
  const answered = lagging.flatMap(({ found }) => (found === null ? [] : [found]));
  if (answered.length === 0) {
    const reasons = [...new Set(lagging.map(({ reason }) => reason))].join(', ');
    return ['dns-failed', `no server answered (${reasons}); check that they are reachable and that the zone works`];
  }
  if (having > 0) {
    return [
      'txt-lagging',
      `${having === 1 ? 'one server has' : `${having} servers have`} the value, others lag; check the transfer of the zone`,
    ];
  }
  const count = Math.max(...answered.map((found) => found.length));
  if (count === 0) {
    return ['txt-missing', 'there is no such record; check that it was written to the zone that the public sees'];
  }
  const found = count === 1 ? 'a record is there, but it does not hold' : `${count} records, none holds`;
  return ['txt-other', `${found} the value; check that a value is added and none replaced`];
}
