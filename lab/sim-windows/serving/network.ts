import type { SiteInventory } from '../../../src/iis/config/inventory-types.ts';
import { isWildcard } from '../../../src/iis/config/bound-address.ts';
import { canonicalHost } from '../../../src/pki/x509/names.ts';
import type { Endpoint, SslRecord } from '../../../src/ports/windows-host.ts';
import { endpointsOf } from '../../../src/windows/http/endpoints.ts';
import type { BoundUrl } from '../sites.ts';
import type { Listeners, Wanted } from './listeners.ts';
import type { OtherNodes } from './other-nodes.ts';

/** Nobody listens there on any address of loopback. */
const DISCARD = 9;

type Places = Pick<Listeners, 'endpointOf' | 'loopbackOf'>;

/**
 * Which address leads where. The product's own rule says to which addresses a client of this machine connects
 * (src/windows/http/endpoints.ts); this says what it finds there.
 */
export interface Network {
  /** Addresses that have a record of their own beside a URL for every address: what is served there may differ. */
  apart(): readonly Wanted[];
  /** `WindowsHost.endpoints`. */
  reach(places: Places, address: string, port: number): readonly Endpoint[];
  /** `WindowsHost.addresses`. */
  addresses(): readonly string[];
}

export function createNetwork(world: {
  readonly configured: () => readonly SiteInventory[];
  readonly urls: () => readonly BoundUrl[];
  readonly records: () => readonly SslRecord[];
  readonly otherNodes: Pick<OtherNodes, 'at'>;
  readonly ipv6: boolean;
}): Network {
  const { otherNodes } = world;
  const recorded = (): readonly { readonly address: string; readonly port: number }[] =>
    world.records().flatMap(({ key }) => (key.kind === 'ipport' ? [{ ...key, address: bare(key.address) }] : []));
  const bound = (): readonly string[] =>
    world
      .configured()
      .flatMap(({ bindings }) => bindings)
      .flatMap(({ information }) => (information.kind === 'ip-port-host' ? [bare(information.address)] : []));
  // The machine has every address that somebody configured, unless another node has it.
  const addresses = (): readonly string[] => {
    const configured = [...bound(), ...recorded().map(({ address }) => address)];
    const own = configured.filter((address) => !isWildcard(address) && otherNodes.at(address) === null);
    return [...new Set(['127.0.0.1', ...(world.ipv6 ? ['::1'] : []), ...own])];
  };
  const lead = (places: Places, { address, port }: Endpoint): Endpoint | null => {
    const other = otherNodes.at(address);
    if (other === 'refuses') return { address: places.loopbackOf(address), port: DISCARD };
    const own = places.endpointOf(address, port);
    if (own !== null || other !== null) return own;
    if (!addresses().includes(address)) return null;
    return places.endpointOf(address.includes(':') ? '::' : '*', port);
  };
  return {
    apart: () =>
      recorded()
        .filter(({ address, port }) => address !== '0.0.0.0' && isBeside(world.urls(), port))
        .map(({ address, port }) => ({ scheme: 'https', address, port })),
    reach: (places, address, port) =>
      endpointsOf(address === '' ? '*' : bare(address), port, [], addresses())
        .map((place) => lead(places, place))
        .filter((endpoint) => endpoint !== null),
    addresses,
  };
}

function isBeside(urls: readonly BoundUrl[], port: number): boolean {
  return urls.some((url) => url.scheme === 'https' && url.port === port && url.address === '*');
}

/** Without brackets and zone, as RFC 5952 writes it. */
function bare(address: string): string {
  return canonicalHost(address.replace(/^\[(.*)\]$/, '$1').split('%')[0] ?? '');
}
