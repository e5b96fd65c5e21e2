import { EverbindError } from '../errors/error.ts';
import { type DnsServer, serverText } from './wire/server-text.ts';
import type { DnsMessage, RecordType } from './wire/message.ts';
import { isWithin } from './wire/name.ts';
import { dataOf, type Resolver } from './resolver.ts';

/** One address of a host that a zone is delegated to. */
export interface AuthoritativeServer extends DnsServer {
  /** `ns1.example.com (192.0.2.53)` */
  readonly label: string;
}

/** The response of one server of a name's zone, and all servers of that zone. */
export interface AuthoritativeResponse {
  readonly message: DnsMessage;
  readonly servers: readonly AuthoritativeServer[];
}

/** More than any zone has, so that a hostile list costs little. */
const MAX_HOSTS = 16;
const MAX_SERVERS = 32;

/**
 * Asks the servers of the zone that a name is in. Null when they cannot be found from here, or none can be reached. As
 * far as possible the configured resolver is asked about the name above only: it would cache for hours that a name
 * which is still to be created does not exist. `port`: 53 except in tests. Rejects with the signal's reason only.
 */
export async function askAuthority(
  resolver: Resolver,
  name: string,
  type: RecordType,
  port: number,
  signal?: AbortSignal,
): Promise<AuthoritativeResponse | null> {
  for (const start of [above(name), name]) {
    const servers = await unlessFailed(() => findServers(resolver, start, port, signal), signal);
    if (servers === null) return null;
    const message = await firstResponse(resolver, servers, name, type, signal);
    if (message === null) return null;
    if (message.authoritative) return { message, servers };
    // A delegation: the name is in a zone further down.
  }
  return null;
}

/**
 * The first response that is authoritative or a delegation. All servers are asked at once, since each one behind a
 * firewall that drops queries costs a timeout.
 */
async function firstResponse(
  resolver: Resolver,
  servers: readonly DnsServer[],
  name: string,
  type: RecordType,
  signal?: AbortSignal,
): Promise<DnsMessage | null> {
  const done = new AbortController();
  const within = AbortSignal.any([done.signal, ...(signal === undefined ? [] : [signal])]);
  try {
    return await Promise.any(
      servers.map(async (server) => {
        const message = await resolver.ask(server, name, type, { recursive: false, signal: within });
        if (message.authoritative || dataOf(message.authority, 'NS').length > 0) return message;
        throw new EverbindError('DNS_QUERY_FAILED', `${serverText(server)} does not serve ${name}`);
      }),
    );
  } catch (error) {
    signal?.throwIfAborted();
    const failures: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
    const defect = failures.find((failure) => !(failure instanceof EverbindError));
    if (defect !== undefined) throw defect;
    return null;
  } finally {
    done.abort();
  }
}

/** Null where there is no usable response: another server is asked then. */
async function unlessFailed<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof EverbindError)) throw error;
    return null;
  }
}

async function findServers(
  resolver: Resolver,
  name: string,
  port: number,
  signal?: AbortSignal,
): Promise<readonly AuthoritativeServer[]> {
  const zone = await findApex(resolver, name, signal);
  if (zone === null) return [];
  const { answers } = await resolver.lookup(zone, 'NS', signal);
  const hosts = dataOf(answers, 'NS').slice(0, MAX_HOSTS);
  const found = await Promise.all(
    hosts.map(async ({ target }) => {
      const addresses = await resolver.addresses(target, signal).catch(() => []);
      return addresses.map((address) => ({ address, port, label: `${target} (${serverText({ address, port })})` }));
    }),
  );
  signal?.throwIfAborted();
  return found.flat().slice(0, MAX_SERVERS);
}

/** The zone of a name: a response has its SOA, also when there is no such record (RFC 2308 section 3). */
async function findApex(resolver: Resolver, name: string, signal?: AbortSignal): Promise<string | null> {
  for (let current = name; current !== ''; current = above(current)) {
    const { answers, authority } = await resolver.lookup(current, 'SOA', signal);
    const owner = [...answers, ...authority].find(
      (record) => record.data.type === 'SOA' && isWithin(current, record.name),
    );
    if (owner !== undefined) return owner.name === '' ? null : owner.name;
  }
  return null;
}

function above(name: string): string {
  const dot = name.indexOf('.');
  return dot === -1 ? '' : name.slice(dot + 1);
}
