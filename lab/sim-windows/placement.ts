import { createHash } from 'node:crypto';
import { parseIp } from '../../src/pki/x509/ip-address.ts';

/**
 * Maps every address of a configuration to one of loopback; the same addresses in the same order give the same result.
 */
export interface Placement {
  /** `*` or an IP address, as configured. `shared`: several configured addresses may get this one. */
  loopbackFor(address: string): { readonly address: string; readonly shared: boolean };
}

/**
 * `*` and 127.0.0.1 stay on 127.0.0.1, another address of 127.0.0.0/8 on itself, any other IPv4 address on a 127.x
 * address that ends in its last two octets, IPv6 on ::1 (which all of them share), or on a 127.x address where the
 * machine has no IPv6.
 */
export function createPlacement(hasIpv6: boolean): Placement {
  const places = new Map<string, string>();
  const claim = (wanted: string, address: string, next: (attempt: number) => string): string => {
    for (let attempt = 1; ; attempt += 1) {
      const place = attempt === 1 ? wanted : next(attempt);
      if (![...places.values()].includes(place)) {
        places.set(address, place);
        return place;
      }
    }
  };
  return {
    loopbackFor: (address) => {
      if (address === '*') return { address: '127.0.0.1', shared: true };
      const known = places.get(address);
      if (known !== undefined) return { address: known, shared: false };
      const octets = parseIp(address);
      if (octets === null || octets.length === 16) {
        if (hasIpv6) return { address: '::1', shared: true };
        const at = (attempt: number): string => {
          const hash = createHash('sha256').update(`${address} ${attempt}`).digest();
          return `127.250.${hash[0]}.${1 + ((hash[1] ?? 0) % 254)}`;
        };
        return { address: claim(at(1), address, at), shared: false };
      }
      const [first, , third, fourth] = octets;
      if (first === 127) {
        // An address of loopback stays where it is. It shares the place with an address that was moved here before.
        places.set(address, address);
        return { address, shared: false };
      }
      const at = (attempt: number): string => `127.${attempt}.${third}.${fourth}`;
      return { address: claim(at(1), address, at), shared: false };
    },
  };
}
