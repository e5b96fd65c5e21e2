import { canonicalHost } from '../../../src/pki/x509/names.ts';
import type { SslRecord } from '../../../src/ports/windows-host.ts';

/**
 * Sources disagree on whether a record for a specific address goes before one for the host (facts of windows C.3); both
 * can be had.
 */
export type ChoiceOrder = 'host-first' | 'address-first';

export interface Arrival {
  /** Configured addresses that the connection may have come to; `*` for one that no binding names. */
  readonly addresses: ReadonlySet<string>;
  readonly port: number;
  /** SNI; '' when the client sent none. */
  readonly serverName: string;
}

/**
 * The record that http.sys takes for a handshake: host exactly, the wildcard one label up, the central store; the
 * address itself; then `[::]` for IPv6 and 0.0.0.0 for both. Null: the connection is reset.
 */
export function chooseRecord(records: readonly SslRecord[], arrival: Arrival, order: ChoiceOrder): SslRecord | null {
  const byHost = (): SslRecord | null => recordForHost(records, arrival);
  const byAddress = (): SslRecord | null => recordForAddress(records, arrival);
  return (order === 'host-first' ? (byHost() ?? byAddress()) : (byAddress() ?? byHost())) ?? fallback(records, arrival);
}

function recordForHost(records: readonly SslRecord[], { port, serverName }: Arrival): SslRecord | null {
  if (serverName === '') return null;
  const name = canonicalHost(serverName);
  const dot = name.indexOf('.');
  const names = dot < 0 ? [name] : [name, `*${name.slice(dot)}`];
  for (const wanted of names) {
    for (const kind of ['hostnameport', 'scopedccs'] as const) {
      const found = records.find(
        ({ key }) => key.kind === kind && key.port === port && canonicalHost(key.host) === wanted,
      );
      if (found !== undefined) return found;
    }
  }
  return records.find(({ key }) => key.kind === 'ccs' && key.port === port) ?? null;
}

function recordForAddress(records: readonly SslRecord[], { addresses, port }: Arrival): SslRecord | null {
  for (const address of addresses) {
    if (address === '*' || address === '::') continue;
    const found = at(records, address, port);
    if (found !== null) return found;
  }
  return null;
}

function fallback(records: readonly SslRecord[], { addresses, port }: Arrival): SslRecord | null {
  const isIpv6 = [...addresses].some((address) => address.includes(':'));
  return (isIpv6 ? at(records, '::', port) : null) ?? at(records, '0.0.0.0', port);
}

function at(records: readonly SslRecord[], address: string, port: number): SslRecord | null {
  return (
    records.find(
      ({ key }) => key.kind === 'ipport' && key.port === port && canonicalHost(key.address) === canonicalHost(address),
    ) ?? null
  );
}
