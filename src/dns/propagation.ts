import { countdown } from '../concurrency/countdown.ts';
import { EverbindError } from '../errors/error.ts';
import type { Clock } from '../ports/clock.ts';
import type { TxtRecord } from '../ports/dns-provider.ts';
import { askAuthority } from './authority.ts';
import type { DnsMessage } from './wire/message.ts';
import { dataOf, type Resolver } from './resolver.ts';
import { type DnsServer, parseServer } from './wire/server-text.ts';

/** What a server had when it was last asked. `found`: its values; null when it did not respond, for `reason`. */
export interface ServerView {
  /** `ns1.example.com (192.0.2.53)`, the address of a public resolver, or `the resolver of this machine`. */
  readonly server: string;
  readonly found: readonly string[] | null;
  readonly reason: string | null;
}

/** Whether every server has the value; otherwise the servers that do not, and how many do. */
export type Propagation =
  | { readonly seen: true }
  | {
      readonly seen: false;
      readonly lagging: readonly ServerView[];
      readonly having: number;
      readonly attempts: number;
    };

export interface PropagationOptions {
  readonly resolver: Resolver;
  readonly clock: Clock;
  /** For the whole wait. */
  readonly limitMs: number;
  /** Of authoritative servers. */
  readonly port: number;
  /** `address` or `address:port`; asked once the authoritative servers have the value. */
  readonly publicResolvers: readonly string[];
}

/** The configured resolver in `server`. */
export const OWN_RESOLVER = 'the resolver of this machine';

type Wanted = (found: readonly string[]) => boolean;

interface Asked {
  readonly label: string;
  ask(): Promise<DnsMessage>;
}

/**
 * Waits until every server of the record's zone has the value, each asked directly over IPv4 and IPv6, and then the
 * public resolvers. A server that does not respond is ignored as long as another one does, as CAs ignore it. Where none
 * can be reached from here, the configured resolver is asked instead. Rejects with the signal's reason only.
 */
export function waitForPropagation(
  { name, value }: Pick<TxtRecord, 'name' | 'value'>,
  options: PropagationOptions,
  signal?: AbortSignal,
): Promise<Propagation> {
  return waitForRecord(name, (found) => found.includes(value), options, signal);
}

/** The same, until a function of all values at the name is true. */
export async function waitForRecord(
  name: string,
  wanted: Wanted,
  options: PropagationOptions,
  signal?: AbortSignal,
): Promise<Propagation> {
  const { resolver, clock, limitMs, port, publicResolvers } = options;
  const timeLeft = countdown(clock, limitMs);
  const asked = (server: DnsServer, label: string, recursive: boolean): Asked => ({
    label,
    ask: () => resolver.ask(server, name, 'TXT', { recursive, signal }),
  });
  const own: Asked = {
    label: OWN_RESOLVER,
    ask: () => resolver.lookup(name, 'TXT', signal),
  };
  const authority = await askAuthority(resolver, name, 'TXT', port, signal);
  const servers = authority?.servers.map((server) => asked(server, server.label, false)) ?? [own];
  const first = await allHave(wanted, servers, timeLeft, clock, signal);
  if (!first.seen || publicResolvers.length === 0) return first;
  const others = publicResolvers.map((text) => asked(parseServer(text), text, true));
  return allHave(wanted, others, timeLeft, clock, signal);
}

async function allHave(
  wanted: Wanted,
  servers: readonly Asked[],
  timeLeft: () => number,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Propagation> {
  let pending = servers;
  let wait = 50;
  for (let attempts = 1; ; attempts += 1) {
    signal?.throwIfAborted();
    const views = await Promise.all(pending.map((server) => view(server)));
    signal?.throwIfAborted();
    const lagging = views.filter(({ found }) => found === null || !wanted(found));
    const having = servers.length - lagging.length;
    if (having > 0 && lagging.every(({ found }) => found === null)) return { seen: true };
    if (wait > timeLeft()) return { seen: false, lagging, having, attempts };
    const labels = new Set(lagging.map(({ server }) => server));
    pending = pending.filter(({ label }) => labels.has(label));
    await clock.sleep(wait, signal);
    // Quick at first, for servers that publish at once; in the end as seldom as caches usually forget an absent name.
    wait = Math.min(wait * 2, 5_000);
  }
}

async function view({ label, ask }: Asked): Promise<ServerView> {
  try {
    const found = dataOf((await ask()).answers, 'TXT').map(({ text }) => text);
    return { server: label, found: found.slice(0, 256), reason: null };
  } catch (error) {
    const reason = error instanceof EverbindError ? (error.facts.reason ?? error.code) : 'UNKNOWN';
    return { server: label, found: null, reason };
  }
}
