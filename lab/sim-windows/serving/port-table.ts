import type { Endpoint } from '../../../src/ports/windows-host.ts';
import type { Listeners } from './listeners.ts';
import type { SimSite } from '../sites.ts';

/** Where a binding of the configuration was moved to. */
export interface PortRow {
  readonly site: string;
  readonly state: 'Started' | 'Stopped' | 'Unknown';
  readonly protocol: string;
  /** bindingInformation as configured. */
  readonly binding: string;
  /** As configured; '' and 0 where the binding is not IP:port:host. */
  readonly address: string;
  readonly port: number;
  readonly host: string;
  /** On loopback; null when nothing listens for it. */
  readonly endpoint: Endpoint | null;
  /** Why nothing listens, for people. */
  readonly note: string | null;
}

/** One row for each binding of each site, in their order. */
export function portRows(sites: readonly SimSite[], listeners: Pick<Listeners, 'endpointOf'>): readonly PortRow[] {
  return sites.flatMap(({ inventory, conflict }) =>
    inventory.bindings.map(({ protocol, text, information }): PortRow => {
      const row = { site: inventory.name, state: inventory.state, protocol, binding: text };
      if (information.kind !== 'ip-port-host') {
        const note = information.kind === 'other' ? 'not served here' : `unreadable: ${information.problem}`;
        return { ...row, address: '', port: 0, host: '', endpoint: null, note };
      }
      const { address, port, host } = information;
      const web = protocol === 'http' || protocol === 'https';
      const running = web ? inventory.state === 'Started' : protocol === 'ftp' && inventory.serverAutoStart;
      const endpoint = running ? listeners.endpointOf(address.split('%')[0] ?? '*', port) : null;
      const note = running ? null : web || protocol === 'ftp' ? (conflict ?? 'the site is stopped') : 'not served here';
      return { ...row, address, port, host, endpoint, note };
    }),
  );
}
