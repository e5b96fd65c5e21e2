import { canonicalHost } from '../../pki/x509/names.ts';
import type { SslRecord } from '../../ports/windows-host.ts';
import { siteText } from '../config/inventory-types.ts';
import { concreteHost, parentWildcard, type CertificateNames } from './match.ts';
import type { RatedUser } from './decide.ts';
import type { Slot, SlotUser } from './slots.ts';
import type { PlannedEndpoint } from './types.ts';
import { recordKeyId, recordKeyText } from '../records/ssl-record.ts';

/**
 * The handshakes that show what a record serves: one for each address, port and host of its bindings. `shadowed` tells
 * whether clients that send this name get the certificate of another record.
 */
export function endpointsOf(
  slot: Slot,
  record: SslRecord | null,
  users: readonly RatedUser[],
  names: CertificateNames,
  shadowed: (user: SlotUser) => boolean,
): readonly PlannedEndpoint[] {
  const common = {
    record: recordKeyText(slot.key),
    hashBefore: record?.certificateHash ?? null,
    rival: null,
    advisory: false,
  };
  if (users.length === 0) {
    const address = slot.key.kind === 'ipport' ? canonicalHost(slot.key.address) : '*';
    const host = slot.key.kind === 'hostnameport' ? concreteHost(canonicalHost(slot.key.host)) : '';
    const name = host !== '' && names.covers(host) ? host : '';
    return [{ ...common, address, port: slot.key.port, host, name, sites: [], skip: 'no-site' }];
  }
  // The IPv6 wildcard record serves bindings to `*`, but only to IPv6 clients.
  const address = (user: SlotUser): string =>
    slot.key.kind === 'ipport' && user.address === '*' && slot.key.address.includes(':') ? '::' : user.address;
  return mergeEndpoints(
    users.map((user) => {
      const host = shadowed(user) ? '' : concreteHost(user.host);
      return {
        ...common,
        address: address(user),
        port: user.port,
        host,
        name: host !== '' && names.covers(host) ? host : '',
        sites: [siteText(user.site)],
        skip: user.site.state === 'Stopped' ? ('site-stopped' as const) : null,
      };
    }),
  );
}

/**
 * The handshakes that show whether a record of one address wins over the record of a name there: one for each host of
 * the name's bindings that such an address receives too.
 */
export function rivalEndpoints(
  slot: Slot,
  record: SslRecord | null,
  rivals: readonly Slot[],
  names: CertificateNames,
): readonly PlannedEndpoint[] {
  return rivals.flatMap(({ key, records: [held] }) => {
    if (key.kind !== 'ipport') return [];
    const address = canonicalHost(key.address);
    const users = slot.users.filter((user) => user.address === '*' || user.address === address);
    return users.map((user) => {
      const host = concreteHost(user.host);
      return {
        record: recordKeyText(slot.key),
        hashBefore: record?.certificateHash ?? null,
        address,
        port: user.port,
        host,
        name: names.covers(host) ? host : '',
        sites: [siteText(user.site)],
        skip: user.site.state === 'Stopped' ? ('site-stopped' as const) : null,
        rival: { record: recordKeyText(key), certificateHash: held?.certificateHash?.toLowerCase() ?? null },
        advisory: user.address === '*',
      };
    });
  });
}

/** One endpoint for each record, address, port and host. It is reachable if one of its sites runs. */
export function mergeEndpoints(endpoints: readonly PlannedEndpoint[]): readonly PlannedEndpoint[] {
  const merged = new Map<string, PlannedEndpoint>();
  for (const endpoint of endpoints) {
    const id = JSON.stringify([endpoint.record, endpoint.address, endpoint.port, endpoint.host]);
    const other = merged.get(id);
    const sites = [...new Set([...(other?.sites ?? []), ...endpoint.sites])].sort();
    merged.set(id, {
      ...endpoint,
      sites,
      skip: other === undefined ? endpoint.skip : other.skip && endpoint.skip,
      rival: endpoint.rival ?? other?.rival ?? null,
      advisory: endpoint.advisory && other?.advisory !== false,
    });
  }
  return [...merged.values()];
}

/**
 * Whether clients that send its host do not get a binding that shares its address: http.sys looks for a record of the
 * name, then of its wildcard, then of the address. `held` returns what a record will hold, undefined where there is
 * none.
 */
export function isShadowed(
  user: SlotUser,
  held: (recordId: string) => string | null | undefined,
  thumbprint: string,
): boolean {
  if (user.sni || user.host === '') return false;
  for (const host of [user.host, parentWildcard(user.host)]) {
    const hash = held(recordKeyId({ kind: 'hostnameport', host, port: user.port }));
    if (hash !== undefined) return hash?.toLowerCase() !== thumbprint;
  }
  return false;
}
