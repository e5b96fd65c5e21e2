import { networkInterfaces } from 'node:os';
import { hasAddress, isWildcard, withoutZone } from '../../iis/config/bound-address.ts';
import { canonicalHost } from '../../pki/x509/names.ts';
import type { Endpoint } from '../../ports/windows-host.ts';
import { configured } from './http-configuration.ts';
import { layouts } from '../ffi/layouts.ts';
import { type Native, numberRoom } from '../ffi/native.ts';
import { readSocketAddress } from './socket-address.ts';
import { STATUS } from '../status.ts';

/**
 * Where a client on this machine reaches what listens on an address and a port. `listening` is the list of addresses to
 * which http.sys is confined (netsh http show iplisten); empty: it listens on all. `own` are the addresses that the
 * machine has: a connection to another one would leave it, and show what some other machine serves.
 */
export function endpointsOf(
  address: string,
  port: number,
  listening: readonly string[],
  own: readonly string[],
): readonly Endpoint[] {
  const isConfined = listening.length > 0 && !listening.some(isWildcard);
  const at = (places: readonly string[]): readonly Endpoint[] =>
    places.filter((place) => hasAddress(own, place)).map((place) => ({ address: place, port }));
  if (!isWildcard(address)) return at(!isConfined || listening.includes(address) ? [address] : []);
  const isIpv6 = (candidate: string): boolean => candidate.includes(':');
  // `*` is what IIS writes for every address of both families.
  if (isConfined) return at(listening.filter((listed) => address === '*' || isIpv6(listed) === isIpv6(address)));
  return at([isIpv6(address) ? '::1' : '127.0.0.1']);
}

/** The addresses of this machine's interfaces that are up. */
export function ownAddresses(): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
  return [...new Set(addresses.map(({ address }) => canonicalHost(withoutZone(address))))];
}

const IP_LISTEN_LIST = 0;
const MAX_ROOM = 1 << 16;

/**
 * The addresses to which http.sys is confined; none: it listens on all. A host that does not tell counts as one without
 * a list.
 */
export function ipListenList(native: Native): readonly string[] {
  return configured(native, () => {
    const length = numberRoom();
    for (let room = 1024; room <= MAX_ROOM; room = Math.max(room * 2, length.readUInt32LE())) {
      const answer = Buffer.alloc(room);
      const status = native.httpapi.HttpQueryServiceConfiguration(
        null,
        IP_LISTEN_LIST,
        null,
        0,
        answer,
        answer.length,
        length,
        null,
      );
      if (status === 0) return addresses(answer);
      if (status !== STATUS.INSUFFICIENT_BUFFER && status !== STATUS.MORE_DATA) return [];
    }
    return [];
  });
}

function addresses(answer: Buffer): readonly string[] {
  const { fields } = layouts.HTTP_SERVICE_CONFIG_IP_LISTEN_QUERY;
  const size = layouts.SOCKADDR_STORAGE.size;
  return Array.from({ length: answer.readUInt32LE(fields.AddrCount) }, (_, index) => {
    const start = fields.AddrList + index * size;
    return readSocketAddress(answer.subarray(start, start + size))?.address ?? null;
  }).filter((address) => address !== null);
}
