import { isIPv4 } from 'node:net';
import type { SiteBinding, SiteInventory } from '../../src/iis/config/inventory-types.ts';
import { identifierKey, parseIdentifier } from '../../src/pki/x509/names.ts';
import type { SslRecordKey } from '../../src/ports/windows-host.ts';

const SNI = 1;
const CENTRAL_STORE = 2;

/**
 * The names that an https binding needs. One without a host takes those of the site's http bindings; one on a loopback
 * address where the site answers on port 80 takes an IP certificate; what is left takes a stand-in name, which the test
 * DNS answers like any other.
 */
export function namesOf(
  site: SiteInventory,
  binding: SiteBinding,
): { readonly names: readonly string[]; readonly record: SslRecordKey } | { readonly refused: string } {
  const { information, sslFlags } = binding;
  if (information.kind !== 'ip-port-host') {
    const problem = information.kind === 'unreadable' ? information.problem : 'no address, port and host';
    return { refused: `the binding is unreadable: ${problem}` };
  }
  if (sslFlags === null) return { refused: 'its sslFlags are no number' };
  if ((sslFlags & CENTRAL_STORE) !== 0) return { refused: 'its certificate comes from the central certificate store' };
  const { address, host } = information;
  const record = recordOf(binding);
  if (record === null) return { refused: 'it asks for SNI but names no host' };
  if (host !== '') {
    const name = validName(host);
    return name === null ? { refused: `no certificate can hold the host name ${host}` } : { names: [name], record };
  }
  if (isIPv4(address) && address.startsWith('127.') && answersOnPort80(site, address)) {
    return { names: [address], record };
  }
  const hosts = site.bindings.flatMap(({ protocol, information: other }) =>
    protocol === 'http' && other.kind === 'ip-port-host' && other.host !== '' ? [validName(other.host)] : [],
  );
  const names = [...new Set(hosts.filter((name): name is string => name !== null && !name.startsWith('*.')))];
  return { names: names.length > 0 ? names : [`site-${site.id ?? 0}.iis.test`], record };
}

/** The http.sys record behind a readable binding that is not of the central store; null for SNI without a host. */
export function recordOf({ information, sslFlags }: SiteBinding): SslRecordKey | null {
  if (information.kind !== 'ip-port-host') return null;
  const { address, port, host } = information;
  if (((sslFlags ?? 0) & SNI) === 0) return { kind: 'ipport', address: address === '*' ? '0.0.0.0' : address, port };
  return host === '' ? null : { kind: 'hostnameport', host, port };
}

function answersOnPort80({ bindings }: SiteInventory, address: string): boolean {
  return bindings.some(
    ({ protocol, information }) =>
      protocol === 'http' &&
      information.kind === 'ip-port-host' &&
      information.port === 80 &&
      information.host === '' &&
      information.address === address,
  );
}

function validName(host: string): string | null {
  try {
    const identifier = parseIdentifier(host);
    return identifierKey(identifier).startsWith('dns:') ? identifier.value : null;
  } catch {
    return null;
  }
}
