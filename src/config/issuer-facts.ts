import { parse } from 'tldts';
import { parseIp } from '../pki/x509/ip-address.ts';
import type { Identifier } from '../pki/x509/names.ts';
import type { IssuerConfig } from './types.ts';

// What is known of a CA without asking it: how many names it takes, and whether it issues for public names alone.

const LETS_ENCRYPT = /^https:\/\/acme(-staging)?-v02\.api\.letsencrypt\.org\/directory$/;
// letsencrypt.org/docs/profiles, August 2026.
const LETS_ENCRYPT_NAMES = 100;
const LETS_ENCRYPT_PROFILES: Readonly<Record<string, number>> = { tlsserver: 25, shortlived: 25 };

/** How many names a certificate of this issuer can have; null: not known. */
export function maxNamesOf({
  directory,
  profile,
  maxNames,
}: Pick<IssuerConfig, 'directory' | 'profile' | 'maxNames'>): number | null {
  if (maxNames !== null) return maxNames;
  if (!LETS_ENCRYPT.test(directory)) return null;
  return LETS_ENCRYPT_PROFILES[profile ?? ''] ?? LETS_ENCRYPT_NAMES;
}

/**
 * Whether the issuer seems to be a CA of the web, which must not issue for names that only a private network knows
 * (CA/B Forum Baseline Requirements, 7.1.2.7.12): its directory has a public name, and its certificates need no root
 * of their own.
 */
export function isPublicCa({
  directory,
  certificateRoots,
}: Pick<IssuerConfig, 'directory' | 'certificateRoots'>): boolean {
  if (certificateRoots.length > 0) return false;
  const host = URL.parse(directory)?.hostname ?? '';
  const bare = host.startsWith('[') ? host.slice(1, -1) : host;
  return (
    publicNameProblem(parseIp(bare) === null ? { type: 'dns', value: host } : { type: 'ip', value: bare }) === null
  );
}

// Listed as a suffix for the network of a home (RFC 8375), and resolved nowhere else.
const HOME = /(^|\.)home\.arpa$/;

/** Why no CA of the web issues for this name; null where one may. */
export function publicNameProblem({ type, value }: Identifier): string | null {
  if (type === 'ip') return isPrivateAddress(value) ? 'it is an address of private networks' : null;
  const host = value.startsWith('*.') ? value.slice(2) : value;
  if (!host.includes('.')) return 'it is the name of a machine, without a domain';
  const { domain, isIcann, isPrivate, publicSuffix } = parse(host, {
    allowPrivateDomains: false,
    detectIp: false,
    extractHostname: false,
    validateHostname: false,
  });
  if ((isIcann !== true && isPrivate !== true) || HOME.test(host)) {
    return `.${publicSuffix ?? host} is no public suffix: the name is known in a private network alone`;
  }
  return domain === null ? 'it is a public suffix itself' : null;
}

/**
 * Whether an address is of no use to the internet: RFC 1918, 6598, 3927, 1122; RFC 4193, 4291. Addresses for
 * documentation stand for public ones.
 */
export function isPrivateAddress(value: string): boolean {
  const octets = parseIp(value);
  if (octets === null) return false;
  const [first = 0, second = 0] = octets;
  if (octets.length === 16) {
    return (first & 0xfe) === 0xfc || (first === 0xfe && second >= 0x80) || first === 0;
  }
  return (
    [0, 10, 127].includes(first) ||
    (first === 100 && (second & 0xc0) === 64) ||
    (first === 169 && second === 254) ||
    (first === 172 && (second & 0xf0) === 16) ||
    (first === 192 && second === 168) ||
    first >= 224
  );
}
