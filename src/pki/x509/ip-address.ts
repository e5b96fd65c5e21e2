import { isIPv4, isIPv6 } from 'node:net';

/**
 * 4 or 6; 0 for anything that is no IP address. `isIP` of Node takes 4 ms for the first text that is no IPv4 address,
 * which most are not.
 */
export function ipVersion(text: string): 0 | 4 | 6 {
  if (isIPv4(text)) return 4;
  return text.includes(':') && isIPv6(text) ? 6 : 0;
}

/** Whether a host as `URL.hostname` has it is this machine by definition. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
}

/**
 * 4 or 16 octets of an IP address; null for anything else, zones (`%eth0`), brackets and other spellings of IPv4
 * included.
 */
export function parseIp(text: string): Uint8Array | null {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  if (!text.includes(':') || text.includes('%') || !isIPv6(text)) return null;
  const gap = text.indexOf('::');
  const head = groups(gap < 0 ? text : text.slice(0, gap));
  const tail = gap < 0 ? [] : groups(text.slice(gap + 2));
  const octets = new Uint8Array(16);
  octets.set(head);
  octets.set(tail, 16 - tail.length);
  return octets;
}

/**
 * The text of 4 octets (dotted) or 16 octets (RFC 5952 section 4: lower case, the first longest run of two or more zero
 * groups as `::`).
 */
export function formatIp(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) throw new RangeError('An IP address has 4 or 16 octets');
  const parts = Array.from({ length: 8 }, (_, index) => ((octets[index * 2] ?? 0) << 8) | (octets[index * 2 + 1] ?? 0));
  let start = 0;
  let length = 0;
  for (let index = 0; index < 8; index += 1) {
    let run = 0;
    while (parts[index + run] === 0) run += 1;
    if (run > length) [start, length] = [index, run];
    index += run;
  }
  const hex = parts.map((part) => part.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
