import { Resolver as SystemResolver } from 'node:dns';
import { EverbindError } from '../errors/error.ts';
import { ipVersion } from '../pki/x509/ip-address.ts';
import type { Random } from '../ports/random.ts';
import { type DnsExchange, exchange } from './exchange.ts';
import { type DnsServer, parseServer, serverText } from './wire/server-text.ts';
import { type DnsMessage, encodeQuery, type RecordData, type RecordType, type ResourceRecord } from './wire/message.ts';

/**
 * Asks resolvers, and servers directly. Throws DNS_QUERY_FAILED; `details.reason` is an rcode (`SERVFAIL`), or why
 * there was no response.
 */
export interface Resolver {
  /** Asks the configured resolvers, one after the other until one responds, also that the name does not exist. */
  lookup(name: string, type: RecordType, signal?: AbortSignal): Promise<DnsMessage>;
  /** Asks one server what it knows itself (`recursive: false`) or can find out. */
  ask(server: DnsServer, name: string, type: RecordType, options: AskOptions): Promise<DnsMessage>;
  /** A and AAAA of a host, through the configured resolvers; an address is itself. */
  addresses(host: string, signal?: AbortSignal): Promise<readonly string[]>;
}

export interface AskOptions {
  readonly recursive: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface ResolverOptions {
  readonly random: Random;
  /** `address` or `address:port`; those of the system by default. */
  readonly servers?: readonly string[] | undefined;
  /** Whether a resolver that validates DNSSEC is to ignore signatures (RFC 4035 section 3.2.2); only for diagnosis. */
  readonly unchecked?: boolean;
  readonly exchange?: DnsExchange;
}

export function createResolver(options: ResolverOptions): Resolver {
  const { random, unchecked = false } = options;
  const send = options.exchange ?? exchange;

  async function ask(
    server: DnsServer,
    name: string,
    type: RecordType,
    { recursive, signal }: AskOptions,
  ): Promise<DnsMessage> {
    const query = encodeQuery(messageId(random), name, type, recursive, unchecked);
    const { message } = await send(server, query, 'udp', signal);
    if (message.rcode === 'NOERROR' || message.rcode === 'NXDOMAIN') return message;
    const where = serverText(server);
    const details = { server: where, reason: message.rcode, name, type };
    throw new EverbindError('DNS_QUERY_FAILED', `${where} answers ${message.rcode} for ${type} ${name}`, details);
  }

  async function lookup(name: string, type: RecordType, signal?: AbortSignal): Promise<DnsMessage> {
    // Read each time: this machine may have moved to another network.
    const servers = options.servers ?? new SystemResolver().getServers();
    let failure: unknown = new EverbindError('DNS_QUERY_FAILED', 'no DNS resolver is configured', { reason: 'none' });
    for (const server of servers) {
      try {
        return await ask(parseServer(server), name, type, { recursive: true, signal });
      } catch (error) {
        signal?.throwIfAborted();
        failure = error;
      }
    }
    throw failure;
  }

  return {
    ask,
    lookup,
    addresses: async (host, signal) => {
      if (ipVersion(host) !== 0) return [host];
      const settled = await Promise.allSettled([lookup(host, 'A', signal), lookup(host, 'AAAA', signal)]);
      const found = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      const [failed] = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
      if (found.length === 0) throw failed;
      return found.flatMap(({ answers: records }) => addressesIn(records));
    },
  };
}

/** A fresh id of a message. With the port, it is what an attacker who sees nothing must guess. */
export function messageId(random: Random): number {
  const [high = 0, low = 0] = random.bytes(2);
  return (high << 8) | low;
}

/** The content of the records of one type, whatever their name: a resolver also sends the CNAMEs that led there. */
export function dataOf<T extends RecordData['type']>(
  records: readonly ResourceRecord[],
  type: T,
): readonly Extract<RecordData, { readonly type: T }>[] {
  return records.flatMap(({ data }) => (data.type === type ? [data as Extract<RecordData, { readonly type: T }>] : []));
}

function addressesIn(records: readonly ResourceRecord[]): readonly string[] {
  return records.flatMap(({ data }) => (data.type === 'A' || data.type === 'AAAA' ? [data.address] : []));
}
