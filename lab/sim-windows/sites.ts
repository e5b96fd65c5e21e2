import { canonicalHost } from '../../src/pki/x509/names.ts';
import type { SiteInventory } from '../../src/iis/config/inventory-types.ts';
import { oldBelief } from '../beliefs/old-belief.ts';
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
  /**
   * Whether the web service has it. It does not have a site without an application for / or without a usable http or
   * https binding, and one that was added a moment ago not yet: `start site` and `stop site` end with 0x800710D8.
   */
  readonly known: boolean;
}

/** Which sites run: those that start by themselves or were started, and for which http.sys could register all URLs. */
export interface SimSites {
  all(): readonly SimSite[];
  readonly urls: () => readonly BoundUrl[];
  /** Reads the configuration again, and lets what is due take effect. */
  refresh(): void;
  /** What `appcmd start site` and `stop site` ask for. */
  want(element: MutableElement, running: boolean): void;
  /** When the next change takes effect and `refresh` shows it, as Date.now(); null: all have. */
  settlesAt(): number | null;
  /** What a later createSites over the same configuration has to know. */
  memory(): SitesMemory;
}

/** By the site's id, and `#2` and so on for others with the same id. */
export interface SitesMemory {
  /** Sites started (true) and stopped by hand. */
  readonly wanted: Readonly<Record<string, boolean>>;
  /** Sites whose URLs change at `at` to those of the configuration. */
  readonly starting: Readonly<Record<string, Starting>>;
}

interface Starting {
  readonly at: number;
  /** null: the site is new. */
  readonly from: readonly OwnUrl[] | null;
  readonly to: readonly OwnUrl[];
}

type OwnUrl = Omit<BoundUrl, 'site'>;

/** From the end of an appcmd to its effect. On real servers 0.3 to 3 s were seen. */
export const START_DELAY_MS = 60;

interface SitesOptions {
  readonly startDelayMs?: number;
  readonly memory?: SitesMemory;
  /** IIS runs none of the sites that are added later, whatever asks it to. */
  readonly newStayStopped?: boolean;
}

/** All sites that are to run run already, but for those of `memory`. */
export function createSites(
  configuration: SimConfiguration,
  { startDelayMs = START_DELAY_MS, memory, newStayStopped = false }: SitesOptions = {},
): SimSites {
  const first = new Set(configuration.siteElements().map(({ attributes }) => attributes['name']));
  const old = oldBelief('D3');
  const wanted = new Map(Object.entries(memory?.wanted ?? {}));
  const starting = new Map(Object.entries(memory?.starting ?? {}));
  // What http.sys listens for; nothing for a stopped site.
  const settled = new Map<string, readonly OwnUrl[]>();
  let keys = new Map<MutableElement, string>();
  let sites: readonly SimSite[] = [];
  let urls: readonly BoundUrl[] = [];

  /** What IIS does with the configuration as it is, once all has taken effect. */
  const arrange = (): readonly (SimSite & { readonly own: readonly OwnUrl[] })[] => {
    const taken = new Map<string, string>();
    const schemes = new Map<string, string>();
    return configuration.siteElements().map((element) => {
      const inventory = configuration.inventoryOf(element, 'Started');
      const stopped = {
        element,
        inventory: { ...inventory, state: 'Stopped' as const },
        conflict: null,
        known: true,
        own: [],
      };
      if (newStayStopped && !first.has(element.attributes['name'])) return stopped;
      const own = urlsOf(inventory);
      if (!old && (own.length === 0 || !hasRootApplication(element))) {
        return { ...stopped, inventory: { ...inventory, state: 'Unknown' as const }, known: false };
      }
      if (!(wanted.get(keys.get(element) ?? '') ?? inventory.serverAutoStart)) return stopped;
      // IIS gives a site all of its URLs or stops it: two sites cannot share one, and a port speaks TLS or does not.
      const otherScheme = ({ scheme, address, port }: OwnUrl): boolean =>
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
      for (const url of own) {
        taken.set(urlKey(url), inventory.name);
        schemes.set(`${url.address} ${url.port}`, url.scheme);
      }
      return { element, inventory, conflict: null, known: true, own };
    });
  };

  /** The URLs that a site has now; notes when it gets others. */
  const settle = (key: string, to: readonly OwnUrl[]): readonly OwnUrl[] => {
    const from = settled.get(key) ?? null;
    const before = starting.get(key);
    starting.delete(key);
    if (to.length > 0 && !old && !sameUrls(from, to)) {
      const at = before !== undefined && sameUrls(before.to, to) ? before.at : Date.now() + startDelayMs;
      if (at > Date.now()) {
        starting.set(key, { at, from, to });
        return from ?? [];
      }
    }
    settled.set(key, to);
    return to;
  };

  const refresh = (): void => {
    keys = keysOf(configuration.siteElements());
    const present = new Set(keys.values());
    for (const map of [wanted, starting, settled]) {
      for (const key of map.keys()) if (!present.has(key)) map.delete(key);
    }
    const found: BoundUrl[] = [];
    sites = arrange().map(({ own, ...arranged }) => {
      const key = keys.get(arranged.element) ?? '';
      const present = settle(key, own);
      const site: SimSite = starting.has(key)
        ? { ...arranged, inventory: { ...arranged.inventory, state: 'Unknown' }, known: settled.has(key) }
        : arranged;
      found.push(...present.map((url) => ({ ...url, site })));
      return site;
    });
    urls = found;
  };

  keys = keysOf(configuration.siteElements());
  for (const { element, own } of arrange()) {
    const key = keys.get(element) ?? '';
    const late = starting.get(key);
    if (late === undefined) settled.set(key, own);
    else if (late.from !== null) settled.set(key, late.from);
  }
  refresh();
  return {
    all: () => sites,
    urls: () => urls,
    refresh,
    want: (element, running) => {
      wanted.set(keys.get(element) ?? '', running);
      refresh();
    },
    settlesAt: () => (starting.size === 0 ? null : Math.min(...[...starting.values()].map(({ at }) => at))),
    memory: () => ({ wanted: Object.fromEntries(wanted), starting: Object.fromEntries(starting) }),
  };
}

function keysOf(elements: readonly MutableElement[]): Map<MutableElement, string> {
  const count = new Map<string, number>();
  return new Map(
    elements.map((element) => {
      const id = element.attributes['id'] ?? '';
      const nth = (count.get(id) ?? 0) + 1;
      count.set(id, nth);
      return [element, nth === 1 ? id : `${id}#${nth}`];
    }),
  );
}

function hasRootApplication(element: MutableElement): boolean {
  return element.children.some(({ name, attributes }) => name === 'application' && attributes['path'] === '/');
}

function sameUrls(left: readonly OwnUrl[] | null, right: readonly OwnUrl[]): boolean {
  return left !== null && JSON.stringify(left) === JSON.stringify(right);
}

function urlKey({ scheme, address, port, host }: OwnUrl): string {
  return `${scheme} ${address} ${port} ${host}`;
}

/** The URLs that a site's readable http and https bindings ask for, each once. */
export function urlsOf(inventory: SiteInventory): readonly OwnUrl[] {
  const urls = new Map<string, OwnUrl>();
  for (const { protocol, information } of inventory.bindings) {
    if ((protocol !== 'http' && protocol !== 'https') || information.kind !== 'ip-port-host') continue;
    const address = information.address.split('%')[0] ?? '*';
    const url = { scheme: protocol, address, port: information.port, host: canonicalHost(information.host) } as const;
    urls.set(JSON.stringify(url), url);
  }
  return [...urls.values()];
}
