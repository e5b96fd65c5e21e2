import type { SiteInventory } from '../../iis/config/inventory-types.ts';
import { canonicalHost } from '../../pki/x509/names.ts';

/** A site that receives the requests for a host, and the address of its binding (`*`: all). */
export interface ServingSite {
  readonly site: SiteInventory;
  readonly address: string;
}

export interface ServingSites {
  /**
   * `name`: a binding has the host, a wildcard for it, or its address; `catch-all`: only bindings without a host match.
   */
  readonly by: 'name' | 'catch-all';
  /** Never empty; bindings to an address first. */
  readonly sites: readonly ServingSite[];
}

type Protocol = 'http' | 'https';

/** Whether IIS listens on this port: a site that is not stopped has a binding for it. */
export function iisListensOn(sites: readonly SiteInventory[], protocol: Protocol, port: number): boolean {
  return bindingsOf(sites, protocol, port).length > 0;
}

/**
 * The sites that receive PROTOCOL://HOST:PORT/, in the order of http.sys: a binding with the host, with a wildcard for
 * it (the longest first), with the host as its address, for all addresses. `host`: canonical. null when there is none.
 */
export function sitesFor(
  sites: readonly SiteInventory[],
  protocol: Protocol,
  host: string,
  port: number,
): ServingSites | null {
  const ranked = bindingsOf(sites, protocol, port).flatMap((binding) => {
    const rank = rankOf(binding, host);
    return rank === null ? [] : [{ rank, site: binding.site, address: binding.address }];
  });
  if (ranked.length === 0) return null;
  const best = Math.min(...ranked.map(({ rank }) => rank));
  const fitting = ranked.filter(({ rank }) => rank === best);
  return {
    by: best < CATCH_ALL ? 'name' : 'catch-all',
    sites: fitting
      .toSorted((a, b) => Number(a.address === '*') - Number(b.address === '*'))
      .map(({ site, address }) => ({ site, address })),
  };
}

// Above the rank of any wildcard, which has at most 253 characters.
const BY_ADDRESS = 1_000;
const CATCH_ALL = 1_001;

interface HttpBinding extends ServingSite {
  readonly host: string;
}

function bindingsOf(sites: readonly SiteInventory[], protocol: Protocol, port: number): readonly HttpBinding[] {
  return sites
    .filter(({ state }) => state !== 'Stopped')
    .flatMap((site) =>
      site.bindings.flatMap((binding) => {
        const { information } = binding;
        if (binding.protocol !== protocol || information.kind !== 'ip-port-host' || information.port !== port)
          return [];
        return [{ site, address: information.address, host: canonicalHost(information.host) }];
      }),
    );
}

function rankOf(binding: HttpBinding, host: string): number | null {
  if (binding.host === host) return 0;
  if (binding.host !== '') {
    const covers = binding.host.startsWith('*.') && host.endsWith(binding.host.slice(1));
    return covers ? 1 + Math.max(0, 256 - binding.host.length) : null;
  }
  return binding.address === host ? BY_ADDRESS : CATCH_ALL;
}
