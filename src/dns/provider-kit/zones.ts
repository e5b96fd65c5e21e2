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

/** A zone that the host does not serve to the world, or not yet. */
export class UnservedZone<Z> {
  readonly key: Z;

  constructor(key: Z) {
    this.key = key;
  }
}

/**
 * Asks for one candidate after the other; `ask` returns null where there is no such zone. One that is not served is
 * used only when no other one is found. Throws DNS_ZONE_NOT_FOUND. With credentials for a single zone many hosts send
 * 403 for every other name. That failure is thrown only when no zone is found.
 */
export async function walkUp<Z>(
  host: string,
  name: string,
  ask: (candidate: string) => Promise<Z | UnservedZone<Z> | null>,
): Promise<Zone<Z>> {
  let forbidden: unknown = null;
  let unserved: Zone<Z> | null = null;
  for (const candidate of zoneCandidates(name)) {
    try {
      const found = await ask(candidate);
      if (found instanceof UnservedZone) unserved ??= { name: candidate, key: found.key };
      else if (found !== null) return { name: candidate, key: found };
    } catch (error) {
      if (!isForbidden(host, error)) throw error;
      forbidden ??= error;
    }
  }
  if (unserved !== null) return unserved;
  throw forbidden ?? zoneNotFound(host, name);
}

/** The zone that the settings name. Throws DNS_ZONE_NOT_FOUND when there is none, or it does not hold the name. */
export function givenZone<Z>(host: string, name: string, zone: Zone<Z> | null): Zone<Z> {
  if (zone === null || (name !== zone.name && !name.endsWith(`.${zone.name}`))) throw zoneNotFound(host, name);
  return zone;
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
