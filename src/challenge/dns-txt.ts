import { Resolver } from 'node:dns/promises';
import { EverbindError } from '../errors/error.ts';
import type { Clock } from '../ports/clock.ts';
import type { ChallengeTask } from '../ports/solver.ts';

/** The TXT records of a name, each as one string; none when the name or the type does not exist. Rejects when nobody could say. */
export type TxtLookup = (name: string) => Promise<readonly string[]>;

/** Asks these servers (`address` or `address:port`), or those of the system when there are none. */
export function createTxtLookup(servers: readonly string[] = []): TxtLookup {
  return async (name) => {
    // One for each question: a long-lived one keeps the servers of a network that the machine has left.
    const resolver = new Resolver({ timeout: 2_000, tries: 2 });
    if (servers.length > 0) resolver.setServers(servers);
    try {
      const records = await resolver.resolveTxt(name);
      return records.slice(0, 256).map((parts) => parts.join(''));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENODATA' || code === 'ENOTFOUND') return [];
      throw error;
    }
  };
}

/** `details.reason` of CHALLENGE_SELF_CHECK_FAILED for dns-01. */
export const TXT_REASONS = ['txt-missing', 'txt-other', 'dns-failed'] as const;
type TxtReason = (typeof TXT_REASONS)[number];

export interface TxtWait {
  readonly lookup: TxtLookup;
  readonly clock: Clock;
  /** Milliseconds between questions until this much time has passed. */
  readonly limitMs: number;
}

/** Returns when the value is seen at the name; CHALLENGE_SELF_CHECK_FAILED (TXT_REASONS) past the limit. */
export async function waitForTxt(
  task: Pick<ChallengeTask, 'identifier'>,
  name: string,
  value: string,
  { lookup, clock, limitMs }: TxtWait,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = clock.now() + limitMs;
  let wait = 50;
  for (let attempts = 1; ; attempts += 1) {
    signal?.throwIfAborted();
    const found = await lookup(name).catch((error: unknown) => codeOf(error));
    if (typeof found !== 'string' && found.includes(value)) return;
    if (clock.now() + wait > deadline) throw missing(task, name, found, attempts);
    await clock.sleep(wait, signal);
    // Quick at first for servers that publish at once, then no more often than caches for absent names usually forget.
    wait = Math.min(wait * 2, 5_000);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'UNKNOWN';
}

function missing(
  task: Pick<ChallengeTask, 'identifier'>,
  name: string,
  found: readonly string[] | string,
  attempts: number,
): EverbindError {
  const [reason, text] = describe(found);
  const message = `${task.identifier.value}: TXT ${name}: ${text}`;
  return new EverbindError('CHALLENGE_SELF_CHECK_FAILED', message, {
    name: task.identifier.value,
    record: name,
    reason,
    attempts,
  });
}

function describe(found: readonly string[] | string): readonly [reason: TxtReason, text: string] {
  if (typeof found === 'string') {
    return ['dns-failed', `the resolver failed (${found}); check that it is reachable and that the zone answers`];
  }
  if (found.length === 0) {
    return ['txt-missing', 'there is no such record; check that the program wrote to the zone that the public sees'];
  }
  const count = found.length === 1 ? 'a record is there, but it does not hold' : `${found.length} records, none holds`;
  return ['txt-other', `${count} the value; check that the program adds a value and replaces none`];
}
