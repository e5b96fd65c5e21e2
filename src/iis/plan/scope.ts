import type { SiteInventory } from '../config/inventory-types.ts';

/** `explicit`: the policy names the site. `implied`: it names no site at all. `outside`: it names others. */
export type Scope = 'explicit' | 'implied' | 'outside';

/** Tells which sites a policy means: names in any case, or `id:N`. */
export function siteScope(entries: readonly string[] | null): (site: SiteInventory) => Scope {
  if (entries === null) return () => 'implied';
  const wanted = new Set(entries.map((entry) => entry.toLowerCase()));
  return (site) => (wanted.has(site.name.toLowerCase()) || wanted.has(`id:${site.id}`) ? 'explicit' : 'outside');
}

/** Entries of the policy for which the server has no site. */
export function missingSites(entries: readonly string[] | null, sites: readonly SiteInventory[]): readonly string[] {
  const present = new Set(sites.flatMap((site) => [site.name.toLowerCase(), `id:${site.id}`]));
  return (entries ?? []).filter((entry) => !present.has(entry.toLowerCase()));
}
