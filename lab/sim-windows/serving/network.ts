import type { SiteInventory } from '../../../src/iis/config/inventory-types.ts';
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
}

export function createNetwork(world: {
  readonly configured: () => readonly SiteInventory[];
  readonly urls: () => readonly BoundUrl[];
  readonly records: () => readonly SslRecord[];
  readonly otherNodes: Pick<OtherNodes, 'at'>;
}): Network {
  const { otherNodes } = world;
  const recorded = (): readonly { readonly address: string; readonly port: number }[] =>
    world.records().flatMap(({ key }) => (key.kind === 'ipport' ? [{ ...key, address: bare(key.address) }] : []));
  // The machine has every address that somebody configured, unless another node has it.
  const named = (address: string): boolean =>
    recorded().some((record) => record.address === address) ||
    world
      .configured()
      .some(({ bindings }) =>
        bindings.some(
          ({ information }) => information.kind === 'ip-port-host' && bare(information.address) === address,
        ),
      );
  const lead = (places: Places, { address, port }: Endpoint): Endpoint | null => {
    const other = otherNodes.at(address);
    if (other === 'refuses') return { address: places.loopbackOf(address), port: DISCARD };
    const own = places.endpointOf(address, port);
    if (own !== null || other !== null) return own;
    if (address === '127.0.0.1' || (!address.includes(':') && named(address))) return places.endpointOf('*', port);
    return address === '::1' ? places.endpointOf('::', port) : null;
  };
  return {
    apart: () =>
      recorded()
        .filter(({ address, port }) => address !== '0.0.0.0' && isBeside(world.urls(), port))
        .map(({ address, port }) => ({ scheme: 'https', address, port })),
    reach: (places, address, port) =>
      endpointsOf(address === '' ? '*' : bare(address), port, [])
        .map((place) => lead(places, place))
        .filter((endpoint) => endpoint !== null),
  };
}

function isBeside(urls: readonly BoundUrl[], port: number): boolean {
  return urls.some((url) => url.scheme === 'https' && url.port === port && url.address === '*');
}

/** Without brackets and zone, as RFC 5952 writes it. */
function bare(address: string): string {
  return canonicalHost(address.replace(/^\[(.*)\]$/, '$1').split('%')[0] ?? '');
}
