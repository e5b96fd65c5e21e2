import { formatIp, parseIp } from '../../pki/x509/ip-address.ts';

/** Why a bindingInformation cannot be used. */
export type BindingProblem = 'too-long' | 'parts-missing' | 'address-invalid' | 'port-invalid' | 'host-invalid';

/**
 * What `bindingInformation` means. `address` is `*` (every address; written `*`, empty or `0.0.0.0`) or an IP address
 * in the form of RFC 5952 without brackets, with its zone. `host` is as written, '' for every host (also written `*`).
 * `other` is for protocols whose information is not IP:port:host.
 */
export type BindingInformation =
  | { readonly kind: 'ip-port-host'; readonly address: string; readonly port: number; readonly host: string }
  | { readonly kind: 'other' }
  | { readonly kind: 'unreadable'; readonly problem: BindingProblem };

// IIS uses the port of the protocol when the part is empty: `*::` of https is port 443.
const defaultPorts: ReadonlyMap<string, number> = new Map([
  ['http', 80],
  ['https', 443],
  ['ftp', 21],
  ['ftps', 990],
]);

/** Reads a binding of applicationHost.config; `protocol` in any case. Never throws: junk is `unreadable`. */
export function parseBindingInformation(protocol: string, text: string): BindingInformation {
  const defaultPort = defaultPorts.get(protocol.toLowerCase());
  if (defaultPort === undefined) return { kind: 'other' };
  if (text.length > 512) return unreadable('too-long');
  // Read from the right: only the address may have colons.
  const hostColon = text.lastIndexOf(':');
  const portColon = hostColon < 1 ? -1 : text.lastIndexOf(':', hostColon - 1);
  if (portColon < 0) return unreadable('parts-missing');
  const address = parseAddress(text.slice(0, portColon));
  const port = parsePort(text.slice(portColon + 1, hostColon), defaultPort);
  const host = parseHost(text.slice(hostColon + 1));
  if (address === null) return unreadable('address-invalid');
  if (port === null) return unreadable('port-invalid');
  if (host === null) return unreadable('host-invalid');
  return { kind: 'ip-port-host', address, port, host };
}

function unreadable(problem: BindingProblem): BindingInformation {
  return { kind: 'unreadable', problem };
}

function parseAddress(text: string): string | null {
  if (text === '' || text === '*' || text === '0.0.0.0') return '*';
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  const percent = bare.indexOf('%');
  const zone = percent < 0 ? '' : bare.slice(percent);
  if (zone !== '' && !/^%[A-Za-z0-9._-]{1,32}$/.test(zone)) return null;
  const octets = parseIp(percent < 0 ? bare : bare.slice(0, percent));
  if (octets === null) return null;
  // Brackets and zones are for IPv6 only.
  if (octets.length === 4 && (bare !== text || zone !== '')) return null;
  return formatIp(octets) + zone;
}

function parsePort(text: string, defaultPort: number): number | null {
  if (text === '') return defaultPort;
  if (!/^[0-9]{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port >= 1 && port <= 65535 ? port : null;
}

function parseHost(text: string): string | null {
  if (text === '' || text === '*') return '';
  const name = text.startsWith('*.') ? text.slice(2) : text;
  // What no host name can have. Unicode letters and underscores are kept: IIS accepts them.
  return name === '' || name.length > 255 || /[\p{Cc}\p{Z}*:/\\?#@[\]"<>|]/u.test(name) ? null : text;
}
