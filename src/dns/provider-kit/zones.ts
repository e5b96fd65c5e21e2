import { getDomain } from 'tldts';
import { EverbindError } from '../../errors/error.ts';
import { zoneNotFound } from './provider-failure.ts';

/** A zone at a host. */
export interface Zone<Z> {
  /** Without a dot at the end. */
  readonly name: string;
  /** What identifies the zone in requests. */
  readonly key: Z;
}

const options = { allowPrivateDomains: false, detectIp: false, extractHostname: false, validateHostname: false };

/** The registered domain of a name and the public suffix that it stands below; null where there is none. */
export function registeredDomain(name: string): { readonly label: string; readonly suffix: string } | null {
  const domain = getDomain(name, options);
  if (domain === null) return null;
  const dot = domain.indexOf('.');
  return { label: domain.slice(0, dot), suffix: domain.slice(dot + 1) };
}

/**
 * The names that a zone for `name` may have, the longest first, up to the registered domain: above it are public
 * suffixes.
 */
export function zoneCandidates(name: string): readonly string[] {
  const registered = getDomain(name, options);
  const candidates = [name];
  for (let rest = name; rest !== registered && rest.includes('.'); ) {
    rest = rest.slice(rest.indexOf('.') + 1);
    if (registered !== null) candidates.push(rest);
  }
  return candidates;
}

/**
 * Asks for one candidate after the other; `ask` returns null where there is no such zone. Throws DNS_ZONE_NOT_FOUND.
 * With credentials for a single zone many hosts send 403 for every other name. That failure is thrown only when no zone
 * is found.
 */
export async function walkUp<Z>(
  host: string,
  name: string,
  ask: (candidate: string) => Promise<Z | null>,
): Promise<Zone<Z>> {
  let forbidden: unknown = null;
  for (const candidate of zoneCandidates(name)) {
    try {
      const key = await ask(candidate);
      if (key !== null) return { name: candidate, key };
    } catch (error) {
      if (!isForbidden(host, error)) throw error;
      forbidden ??= error;
    }
  }
  throw forbidden ?? zoneNotFound(host, name);
}

/** Refused by the host itself, not by the service that issues its tokens. */
function isForbidden(host: string, error: unknown): boolean {
  if (!(error instanceof EverbindError) || error.code !== 'DNS_CREDENTIALS_REFUSED') return false;
  return error.facts.httpStatus === 403 && error.details['host'] === host;
}

/** The same from a list of all zones. Throws DNS_ZONE_NOT_FOUND. */
export function longestZone<Z>(host: string, name: string, zones: ReadonlyMap<string, Z>): Zone<Z> {
  for (const candidate of zoneCandidates(name)) {
    const key = zones.get(candidate);
    if (key !== undefined) return { name: candidate, key };
  }
  throw zoneNotFound(host, name);
}

/** The part of a name before its zone; `apex` where there is none. */
export function relativeName(name: string, zone: string, apex = '@'): string {
  return name === zone ? apex : name.slice(0, -(zone.length + 1));
}
