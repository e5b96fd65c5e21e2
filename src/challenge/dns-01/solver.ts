import { dns01Value, dnsAccountName } from '../../acme/jose/key-authorization.ts';
import { followDelegation } from '../../dns/delegation.ts';
import { OWN_RESOLVER, type Propagation, type ServerView, waitForPropagation } from '../../dns/propagation.ts';
import type { Resolver } from '../../dns/resolver.ts';
import { EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DnsProvider, TxtRecord } from '../../ports/dns-provider.ts';
import type { ChallengeTask, Solver } from '../../ports/solver.ts';
import { unsupported } from '../challenge-failure.ts';
import type { createKeyedMutex } from '../../concurrency/keyed-mutex.ts';

export interface Dns01Options {
  readonly type: 'dns-01' | 'dns-account-01';
  /** Called when it is first needed, and again after a failure. */
  readonly openProvider: () => Promise<DnsProvider>;
  readonly resolver: Resolver;
  /** Of authoritative servers. */
  readonly port: number;
  readonly clock: Clock;
  /** How long `wait` looks for the record, ms. */
  readonly limitMs: number;
  /** Asked last, `address` or `address:port`. */
  readonly publicResolvers: readonly string[];
  /** Runs work on one record name one after the other; the same one for solvers that write to the same zones. */
  readonly inTurn: ReturnType<typeof createKeyedMutex>;
}

/** `details.reason` of CHALLENGE_SELF_CHECK_FAILED for dns-01. */
export const TXT_REASONS = ['txt-missing', 'txt-lagging', 'txt-other', 'dns-failed'] as const;
type TxtReason = (typeof TXT_REASONS)[number];

interface Place {
  readonly target: string;
  /** Until then the resolver may have cached that the target does not exist; ms since 1970. */
  readonly cachedUntil: number;
}

/**
 * dns-01 and dns-account-01 with a provider: the record is written where CNAME records from its name lead, and looked
 * for at every server of that zone. Throws DNS_ codes besides those of Solver.
 */
export function createDns01Solver(options: Dns01Options): Solver {
  const { type, resolver, port, clock, limitMs, publicResolvers, inTurn } = options;
  const places = new Map<string, Place>();
  let opened: Promise<DnsProvider> | null = null;

  const provider = (): Promise<DnsProvider> => {
    opened ??= options.openProvider().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
  const locate = async (task: ChallengeTask, signal?: AbortSignal): Promise<Place> => {
    const name = recordName(task);
    const { target, cachedMs } = await followDelegation(resolver, name, port, signal);
    const place = { target, cachedUntil: clock.now() + cachedMs };
    places.set(name, place);
    return place;
  };
  // After a kill the place is not known any more: the CNAME records are followed again.
  const placeOf = async (task: ChallengeTask, signal?: AbortSignal): Promise<Place> =>
    places.get(recordName(task)) ?? (await locate(task, signal));

  return {
    type,

    present: async (task, signal) => {
      // RFC 8738 section 7.
      if (task.identifier.type === 'ip') throw unsupported(task, `${type} cannot validate an IP address`);
      const host = await provider();
      const record = recordFor(task, (await locate(task, signal)).target);
      await inTurn(turn(record), () => host.present(record, signal));
    },

    wait: async (task, signal) => {
      const { target, cachedUntil } = await placeOf(task, signal);
      const record = recordFor(task, target);
      const host = await provider();
      await host.wait?.(record, signal);
      const result = await waitForPropagation(record, { resolver, clock, limitMs, port, publicResolvers }, signal);
      if (result.seen) return;
      const own = result.lagging.every(({ server, found }) => server === OWN_RESOLVER && found?.length === 0);
      // No server of the zone can be reached from here, and the resolver still has its response from before the record.
      if (own && clock.now() < cachedUntil) return;
      throw notSeen(task, target, result);
    },

    cleanUp: async (task) => {
      const host = await provider();
      const record = recordFor(task, (await placeOf(task)).target);
      await inTurn(turn(record), () => host.cleanUp(record));
    },
  };
}

/** RFC 8555 section 8.4; the identifier of a wildcard's authorization has no `*.` (section 7.1.4). */
function recordName({ identifier, accountUrl }: Pick<ChallengeTask, 'identifier' | 'accountUrl'>): string {
  return accountUrl === undefined
    ? `_acme-challenge.${identifier.value}`
    : dnsAccountName(identifier.value, accountUrl);
}

function recordFor(task: ChallengeTask, name: string): TxtRecord {
  const { identifier, wildcard, token, keyAuthorization } = task;
  return {
    name,
    value: dns01Value(keyAuthorization),
    challenge: { domain: identifier.value, wildcard, token, keyAuthorization },
  };
}

/** Another key than the one that providers use. */
function turn({ name }: TxtRecord): string {
  return `record ${name}`;
}

/** CHALLENGE_SELF_CHECK_FAILED; `details.servers` names those that do not have the value. */
function notSeen(
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
  const responded = lagging.flatMap(({ found }) => (found === null ? [] : [found]));
  if (responded.length === 0) {
    const reasons = [...new Set(lagging.map(({ reason }) => reason))].join(', ');
    return ['dns-failed', `no server responded (${reasons}); check that they are reachable and that the zone works`];
  }
  if (having > 0) {
    return [
      'txt-lagging',
      `${having === 1 ? 'one server has' : `${having} servers have`} the value, others lag; check the transfer of the zone`,
    ];
  }
  const count = Math.max(...responded.map((found) => found.length));
  if (count === 0) {
    return ['txt-missing', 'there is no such record; check that it was written to the zone that the public sees'];
  }
  const found = count === 1 ? 'a record is there, but it does not hold' : `${count} records, none holds`;
  return ['txt-other', `${found} the value; check that a value is added and none replaced`];
}
