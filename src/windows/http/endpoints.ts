import type { Endpoint } from '../../ports/windows-host.ts';

/**
 * Where a client of this machine reaches what listens on an address and a port. `listening` is the list of addresses that http.sys is confined to
 * (netsh http show iplisten); empty: it listens on all.
 */
export function endpointsOf(address: string, port: number, listening: readonly string[]): readonly Endpoint[] {
  const isConfined = listening.length > 0 && !listening.some(isWildcard);
  if (!isWildcard(address)) return !isConfined || listening.includes(address) ? [{ address, port }] : [];
  const isIpv6 = (candidate: string): boolean => candidate.includes(':');
  if (isConfined) {
    // `*` is what IIS writes for every address of both families.
    const places = listening.filter((listed) => address === '*' || isIpv6(listed) === isIpv6(address));
    return places.map((listed) => ({ address: listed, port }));
  }
  return [{ address: isIpv6(address) ? '::1' : '127.0.0.1', port }];
}

function isWildcard(address: string): boolean {
  return address === '*' || address === '0.0.0.0' || address === '::';
}
