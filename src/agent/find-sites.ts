import { EverbindError } from '../errors/error.ts';
import { type SiteInventory, siteText } from '../iis/config/inventory-types.ts';
import { readInventory } from '../iis/inventory.ts';
import { connectHost } from './connect-host.ts';
import type { Environment } from './environment.ts';

/** Sites of this machine, each by its name or as `id:N`. Throws CLI_USAGE and the errors of connectHost. */
export async function findSites(
  environment: Environment,
  wanted: readonly string[],
): Promise<readonly SiteInventory[]> {
  const { host, close } = await connectHost(environment);
  try {
    const { sites } = await readInventory(host);
    return wanted.map((text) => findSite(sites, text));
  } finally {
    await close();
  }
}

/** The site with this name, or `id:N`. Throws CLI_USAGE where there is none. */
export function findSite(sites: readonly SiteInventory[], wanted: string): SiteInventory {
  const found = sites.find(({ name, id }) => name.toLowerCase() === wanted.toLowerCase() || wanted === `id:${id}`);
  if (found !== undefined) return found;
  throw new EverbindError('CLI_USAGE', `there is no site ${wanted}; there are ${sites.map(siteText).join(', ')}`);
}
