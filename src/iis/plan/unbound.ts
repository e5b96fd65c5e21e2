import { ipVersion } from '../../pki/x509/ip-address.ts';
import { canonicalHost } from '../../pki/x509/names.ts';
import type { SiteInventory } from '../config/inventory-types.ts';
import { parentWildcard } from './match.ts';

/** A host that gets no certificate, and the site where its binding belongs, in the form of `--site`. */
export interface UnboundHost {
  readonly site: string;
  readonly host: string;
}

/**
 * The hosts among `names` that no https binding of the sites serves, in canonical form; a renewal adds no binding. None
 * where a binding serves every host, or where there are no sites. IP addresses are bound by address and not considered.
 * A new binding belongs to the first site.
 */
export function unboundHosts(names: readonly string[], sites: readonly SiteInventory[]): readonly UnboundHost[] {
  const [first] = sites;
  if (first === undefined) return [];
  const bound = new Set(bindingHosts(sites, 'https').map(canonicalHost));
  if (bound.has('')) return [];
  const site = first.name === '' ? `id:${first.id}` : first.name;
  return [...new Set(names.map(canonicalHost))]
    .filter((host) => ipVersion(host) === 0 && !bound.has(host) && !bound.has(parentWildcard(host)))
    .map((host) => ({ site, host }));
}

/** Hosts of the sites' bindings of a protocol, as written; '' for every host. */
export function bindingHosts(sites: readonly SiteInventory[], protocol: 'http' | 'https'): readonly string[] {
  return sites
    .flatMap(({ bindings }) => bindings)
    .flatMap((binding) =>
      binding.protocol === protocol && binding.information.kind === 'ip-port-host' ? [binding.information.host] : [],
    );
}
