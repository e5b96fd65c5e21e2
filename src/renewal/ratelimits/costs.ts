import { createHash } from 'node:crypto';
import { getDomain } from 'tldts';
import type { Identifier } from '../../pki/x509/names.ts';
import { formatIp, parseIp } from '../../pki/x509/ip-address.ts';
import type { Cost } from '../../ports/limits.ts';

/**
 * How a renewal stands to the limits (RFC 9773 and Let's Encrypt's rules for it). `renewal`: the same names were issued
 * lately. `ari-window`: it replaces a certificate within the window that the CA suggests for it.
 */
export type Exemption = 'none' | 'renewal' | 'ari-window';

/** What a new order for these names costs. */
export function orderCosts(identifiers: readonly Identifier[], exemption: Exemption): readonly Cost[] {
  if (exemption === 'ari-window') return [];
  const set: Cost = { kind: 'certificatesPerSet', subject: setOf(identifiers) };
  if (exemption === 'renewal') return [set];
  const domains = new Set(identifiers.map(registeredDomain));
  return [
    { kind: 'orders', subject: '' },
    ...[...domains].map((subject) => ({ kind: 'certificatesPerDomain', subject }) as const),
    set,
  ];
}

/** What must not be empty for an order, and is spent by validations that fail. */
export function failureCosts(names: readonly string[]): readonly Cost[] {
  const validated = [...new Set(names.map((name) => (name.startsWith('*.') ? name.slice(2) : name)))];
  return validated.flatMap((subject) => [
    { kind: 'failures', subject } as const,
    { kind: 'consecutiveFailures', subject } as const,
  ]);
}

// Private suffixes count: a CA takes the customers of a hoster below one for as many owners.
const options = { allowPrivateDomains: true, detectIp: false, extractHostname: false, validateHostname: false };

/** The registered domain of a name; an IPv4 address itself; the /64 of an IPv6 address. */
export function registeredDomain({ type, value }: Identifier): string {
  if (type === 'ip') return networkOf(value);
  const name = value.startsWith('*.') ? value.slice(2) : value;
  return getDomain(name, options) ?? name;
}

function networkOf(address: string): string {
  const octets = parseIp(address);
  return octets?.length === 16 ? `${formatIp(octets.fill(0, 8))}/64` : address;
}

const LONGEST_SET = 200;

/** Readable where that is short; what is cut off stands in the hash. */
function setOf(identifiers: readonly Identifier[]): string {
  const names = identifiers.map(({ value }) => value).toSorted();
  const text = names.join(',');
  if (text.length <= LONGEST_SET) return text;
  return `${names[0]},… (${names.length} names) ${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
}
