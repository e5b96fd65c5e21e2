import { lookup } from 'node:dns/promises';
import type { SiteInventory } from '../../iis/config/inventory-types.ts';
import { ipVersion } from '../../pki/x509/ip-address.ts';
import type { Endpoint, WindowsHost } from '../../ports/windows-host.ts';
import { sitesFor } from './sites.ts';

/**
 * Where to connect for what is sent to `port` of `host`, 80 and 443 as seen from outside. `proving` is the name whose answer is looked for:
 * that one is received by this machine, whatever DNS says inside the local network. None: nothing is known to receive it.
 */
export type ResolveEndpoints = (host: string, port: 80 | 443, proving: string) => Promise<readonly Endpoint[]>;

/** For a listener of our own. Other hosts, which only redirects name, are found by DNS. */
export function listenerEndpoints(address: string | null, port: number): ResolveEndpoints {
  // Which of the two families the machine has does not matter: one that answers is enough.
  const own = address === null ? ['127.0.0.1', '::1'] : [address];
  return async (host, outside, proving) =>
    outside === 80 && host === proving ? own.map((at) => ({ address: at, port })) : publicEndpoints(host, outside);
}

/**
 * For IIS and http.sys prefixes beside it: the addresses that the sites of the host are bound to. `httpPort`: the one of this machine that
 * receives what is sent to port 80. Other hosts that no site names are found by DNS.
 */
export function iisEndpoints(
  host: Pick<WindowsHost, 'endpoints'>,
  sites: () => Promise<readonly SiteInventory[]>,
  httpPort: number,
): ResolveEndpoints {
  return async (name, outside, proving) => {
    const [protocol, port] = outside === 80 ? (['http', httpPort] as const) : (['https', 443] as const);
    const found = sitesFor(await sites(), protocol, name, port);
    // A catch-all site would take any host, but whether others send it here is for DNS to say.
    if (name !== proving && found?.by !== 'name') return publicEndpoints(name, outside);
    const addresses = new Set(found === null ? ['*'] : found.sites.map(({ address }) => address));
    const endpoints = await Promise.all([...addresses].map((address) => host.endpoints(address, port)));
    return endpoints.flat();
  };
}

/** Where DNS says that others connect; none when it says nothing. */
export async function publicEndpoints(host: string, port: 80 | 443): Promise<readonly Endpoint[]> {
  if (ipVersion(host) !== 0) return [{ address: host, port }];
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.map(({ address }) => ({ address, port }));
}
