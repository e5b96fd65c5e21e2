import { lookup } from 'node:dns/promises';
import type { SiteInventory } from '../../iis/config/inventory-types.ts';
import { ipVersion } from '../../pki/x509/ip-address.ts';
import type { Endpoint, WindowsHost } from '../../ports/windows-host.ts';
import { sitesFor } from './sites.ts';

/**
 * Where to connect for requests to `port` of `host`, 80 or 443 as seen from outside. This machine receives those for
 * `validating`, the name whose challenge response is looked for, whatever DNS says inside the local network. Empty:
 * nothing is known to receive them.
 */
export type ResolveEndpoints = (host: string, port: 80 | 443, validating: string) => Promise<readonly Endpoint[]>;

/** For a listener of our own. Other hosts, which occur in redirects only, are looked up in DNS. */
export function listenerEndpoints(address: string | null, port: number): ResolveEndpoints {
  // The machine may have only one of the two families: one endpoint that responds is enough.
  const own = address === null ? ['127.0.0.1', '::1'] : [address];
  return async (host, outside, validating) =>
    outside === 80 && host === validating ? own.map((at) => ({ address: at, port })) : publicEndpoints(host, outside);
}

/**
 * For IIS, and for http.sys prefixes beside it: the addresses that the sites of the host are bound to. `httpPort`: the
 * port of this machine that receives requests for port 80. Other hosts that no site names are looked up in DNS.
 */
export function iisEndpoints(
  host: Pick<WindowsHost, 'endpoints'>,
  sites: () => Promise<readonly SiteInventory[]>,
  httpPort: number,
): ResolveEndpoints {
  return async (name, outside, validating) => {
    const [protocol, port] = outside === 80 ? (['http', httpPort] as const) : (['https', 443] as const);
    const found = sitesFor(await sites(), protocol, name, port);
    // A catch-all site would accept any host, but only DNS says whether clients connect here for it.
    if (name !== validating && found?.by !== 'name') return publicEndpoints(name, outside);
    const addresses = new Set(found === null ? ['*'] : found.sites.map(({ address }) => address));
    const endpoints = await Promise.all([...addresses].map((address) => host.endpoints(address, port)));
    return endpoints.flat();
  };
}

/** Where clients connect by DNS; none when DNS has no address. */
export async function publicEndpoints(host: string, port: 80 | 443): Promise<readonly Endpoint[]> {
  if (ipVersion(host) !== 0) return [{ address: host, port }];
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.map(({ address }) => ({ address, port }));
}
