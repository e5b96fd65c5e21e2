import { canonicalHost } from '../../src/pki/x509/names.ts';
import type { SiteInventory } from '../../src/iis/config/inventory-types.ts';
import type { SimConfiguration } from './configuration.ts';
import type { MutableElement } from './xml-writer.ts';

/** An http or https binding of a started site, as http.sys keeps it. */
export interface BoundUrl {
  readonly site: SimSite;
  readonly scheme: 'http' | 'https';
  /** `*` or an IP address, without zone. */
  readonly address: string;
  readonly port: number;
  /** Canonical; '' for every host, `*.` in front for a wildcard. */
  readonly host: string;
}

export interface SimSite {
  readonly element: MutableElement;
  readonly inventory: SiteInventory;
  /** Why IIS could not start it though it should run. */
  readonly conflict: string | null;
}

/** Which sites run: those that start by themselves or were started, and for which http.sys could register all URLs. */
export interface SimSites {
  all(): readonly SimSite[];
  readonly urls: () => readonly BoundUrl[];
  /** Reads the configuration again. */
  refresh(): void;
  /** What `appcmd start site` and `stop site` ask for. */
  want(element: MutableElement, running: boolean): void;
}

export function createSites(configuration: SimConfiguration): SimSites {
  const wanted = new WeakMap<MutableElement, boolean>();
  let sites: readonly SimSite[] = [];
  let urls: readonly BoundUrl[] = [];
  const refresh = (): void => {
    const taken = new Map<string, string>();
    const schemes = new Map<string, string>();
    const found: BoundUrl[] = [];
    sites = configuration.siteElements().map((element) => {
      const inventory = configuration.inventoryOf(element, 'Started');
      const stopped = { element, inventory: { ...inventory, state: 'Stopped' as const }, conflict: null };
      if (!(wanted.get(element) ?? inventory.serverAutoStart)) return stopped;
      const own = urlsOf(inventory);
      // IIS gives a site all of its URLs or stops it: two sites cannot share one, and a port speaks TLS or does not.
      const otherScheme = ({ scheme, address, port }: (typeof own)[number]): boolean =>
        (schemes.get(`${address} ${port}`) ?? scheme) !== scheme ||
        own.some((other) => other.address === address && other.port === port && other.scheme !== scheme);
      const clash = own.find((url) => taken.has(urlKey(url)) || otherScheme(url));
      if (clash !== undefined) {
        const rival = taken.get(urlKey(clash)) ?? 'the other scheme';
        return {
          ...stopped,
          conflict: `${clash.scheme} ${clash.address}:${clash.port}:${clash.host} belongs to ${rival}`,
        };
      }
      const site: SimSite = { element, inventory, conflict: null };
      for (const url of own) {
        taken.set(urlKey(url), inventory.name);
        schemes.set(`${url.address} ${url.port}`, url.scheme);
        found.push({ ...url, site });
      }
      return site;
    });
    urls = found;
  };
  refresh();
  return {
    all: () => sites,
    urls: () => urls,
    refresh,
    want: (element, running) => {
      wanted.set(element, running);
      refresh();
    },
  };
}

function urlKey({ scheme, address, port, host }: Omit<BoundUrl, 'site'>): string {
  return `${scheme} ${address} ${port} ${host}`;
}

/** The URLs that a site's readable http and https bindings ask for, each once. */
export function urlsOf(inventory: SiteInventory): readonly Omit<BoundUrl, 'site'>[] {
  const urls = new Map<string, Omit<BoundUrl, 'site'>>();
  for (const { protocol, information } of inventory.bindings) {
    if ((protocol !== 'http' && protocol !== 'https') || information.kind !== 'ip-port-host') continue;
    const address = information.address.split('%')[0] ?? '*';
    const url = { scheme: protocol, address, port: information.port, host: canonicalHost(information.host) } as const;
    urls.set(JSON.stringify(url), url);
  }
  return [...urls.values()];
}
