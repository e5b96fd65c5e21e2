import { EverbindError } from '../errors/error.ts';
import { askAuthority } from './authority.ts';
import type { DnsMessage } from './wire/message.ts';
import type { Resolver } from './resolver.ts';

/** One CNAME record to a name that holds the records is one step; nobody needs more than this. */
const MAX_STEPS = 8;

export interface Delegation {
  /** Where the CNAME records lead; the name itself when there are none. */
  readonly target: string;
  /** How long the configured resolver may have cached that the target does not exist, ms; 0 when it was not asked. */
  readonly cachedMs: number;
}

/**
 * Follows the CNAME records from a name, as a CA does when it looks up TXT. It asks the servers of each zone, or the
 * configured resolver where they cannot be reached. Throws DNS_DELEGATION_LOOP, DNS_QUERY_FAILED.
 */
export async function followDelegation(
  resolver: Resolver,
  name: string,
  port: number,
  signal?: AbortSignal,
): Promise<Delegation> {
  const chain = [name];
  for (let current = name; ; ) {
    const direct = await askAuthority(resolver, current, 'CNAME', port, signal);
    const message = direct?.message ?? (await resolver.lookup(current, 'CNAME', signal));
    // Step by step, whatever else a response holds: each link comes from the servers of its own zone.
    const link = message.answers.find((record) => record.name === current && record.data.type === 'CNAME')?.data;
    if (link?.type !== 'CNAME') return { target: current, cachedMs: direct === null ? cachedMs(message) : 0 };
    if (!ordinary.test(link.target)) throw oddTarget(current, link.target);
    const loops = chain.includes(link.target);
    chain.push(link.target);
    if (loops || chain.length > MAX_STEPS + 1) {
      const what = loops ? 'in a circle' : `through more than ${MAX_STEPS} names`;
      throw new EverbindError('DNS_DELEGATION_LOOP', `the CNAME records lead ${what}: ${chain.join(' -> ')}`, {
        name,
        chain,
      });
    }
    current = link.target;
  }
}

/**
 * Names of hosts and records have such labels. Others are possible, and an attacker who can answer for the name chooses
 * them: they end up in requests, and in the input of a program of the operator.
 */
const ordinary = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;

function oddTarget(name: string, target: string): EverbindError {
  const message = `the CNAME record of ${name} leads to "${target}": only letters, digits, "-" and "_" are taken`;
  return new EverbindError('DNS_QUERY_FAILED', message, { reason: 'odd-name', name, target });
}

/** RFC 2308 section 5: absence is cached as long as the SOA record of the response. */
function cachedMs({ rcode, authority }: DnsMessage): number {
  if (rcode !== 'NXDOMAIN') return 0;
  return 1_000 * Math.max(0, ...authority.filter(({ data }) => data.type === 'SOA').map(({ ttl }) => ttl));
}
