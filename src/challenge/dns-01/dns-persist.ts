import { judgePersist, persistName, persistValue, type PersistVerdict } from '../../acme/messages/dns-persist.ts';
import { followDelegation } from '../../dns/delegation.ts';
import { type Propagation, waitForRecord } from '../../dns/propagation.ts';
import type { Resolver } from '../../dns/resolver.ts';
import { EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ChallengeTask, Solver } from '../../ports/solver.ts';
import { failureDetails, unsupported } from '../challenge-failure.ts';

export interface DnsPersistOptions {
  readonly resolver: Resolver;
  /** Of authoritative servers. */
  readonly port: number;
  readonly clock: Clock;
  /** Asked last, `address` or `address:port`. */
  readonly publicResolvers: readonly string[];
}

/** `details.reason` of CHALLENGE_SELF_CHECK_FAILED for dns-persist-01. */
export const PERSIST_REASONS = {
  'persist-missing': 'there is no record for this CA',
  'persist-malformed': 'the record for this CA cannot be read',
  'persist-other-account': 'the record is for another account, or for an earlier key of ours',
  'persist-no-wildcard': 'the record does not allow the wildcard',
  'persist-expired': 'persistUntil of the record has passed',
  'persist-lagging': 'some servers of the zone do not have the record',
  'persist-dns-failed': 'no server responded',
} as const;

/** Short, since people create the record beforehand. */
const LIMIT_MS = 5_000;

/**
 * dns-persist-01: nothing is written, so no credentials are needed. `wait` looks for the lasting record at every server
 * of the zone, as dns-01 does. CHALLENGE_SELF_CHECK_FAILED has the record to create in its message, and in
 * `details.record` and `details.value`.
 */
export function createDnsPersistSolver({ resolver, port, clock, publicResolvers }: DnsPersistOptions): Solver {
  return {
    type: 'dns-persist-01',

    present: async (task) => {
      if (task.identifier.type === 'ip') throw unsupported(task, 'dns-persist-01 cannot validate an IP address');
    },

    wait: async (task, signal) => {
      const judged = (values: readonly string[]): PersistVerdict => judge(task, values, clock.now());
      const { target } = await followDelegation(resolver, persistName(task.identifier.value), port, signal);
      const options = { resolver, clock, limitMs: LIMIT_MS, port, publicResolvers };
      const result = await waitForRecord(target, (values) => judged(values) === 'granted', options, signal);
      if (!result.seen) throw notGranted(task, result, judged);
    },

    cleanUp: async () => {},
  };
}

function judge({ persist, wildcard }: ChallengeTask, values: readonly string[], now: number): PersistVerdict {
  return persist === undefined ? 'missing' : judgePersist(values, persist, { wildcard, now });
}

function notGranted(
  task: ChallengeTask,
  { lagging, having }: Extract<Propagation, { readonly seen: false }>,
  judged: (values: readonly string[]) => PersistVerdict,
): EverbindError {
  const name = task.identifier.value;
  const record = persistName(name);
  const value = task.persist === undefined ? '' : persistValue(task.persist, task.wildcard);
  const responded = lagging.flatMap(({ found }) => (found === null ? [] : [found]));
  const [first] = responded;
  const verdict = first === undefined ? 'dns-failed' : having > 0 ? 'lagging' : judged(first);
  // Granted a moment later, but not when it was looked for.
  const reason = `persist-${verdict === 'granted' ? 'missing' : verdict}` as const;
  const servers = lagging.map(({ server }) => server);
  const message = `${name}: ${PERSIST_REASONS[reason]} (asked: ${servers.join(', ')}); create ${record} TXT "${value}"`;
  const details = { ...failureDetails(task), reason, record, value, servers };
  return new EverbindError('CHALLENGE_SELF_CHECK_FAILED', message, details);
}
