import { ipVersion } from '../../pki/x509/ip-address.ts';
import { canonicalHost } from '../../pki/x509/names.ts';
import type { SiteInventory } from '../config/inventory-types.ts';
import { parentWildcard } from './match.ts';

/** A host that would get no certificate, and the site where a binding for it would go, as `--site` takes it. */
export interface UnboundHost {
  readonly site: string;
  readonly host: string;
}

/**
 * The hosts among `names` that no https binding of the sites answers for, in canonical form; a renewal adds no binding. None where a binding
 * answers for every host, or where there are no sites; IP addresses are bound by address and not looked at. A binding would go to the first site.
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
