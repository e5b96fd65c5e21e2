import { SSL_FLAG } from '../iis/config/ssl-flags.ts';
import type { SslRecordKey } from '../ports/windows-host.ts';
import { HOST, MARK } from './names.ts';

/** A kind of https binding, with a temporary site that has one of it. */
export interface BindingKind {
  /** How steps name it. */
  readonly label: 'name' | 'wildcard' | 'address' | 'IPv6 address';
  readonly site: string;
  /** As in the binding: `*` or an IP address. */
  readonly address: string;
  /** '' for every host. */
  readonly host: string;
  /** What a client sends as SNI; '' for nothing. */
  readonly sni: string;
  readonly sslFlags: number;
  /** The http.sys record of the binding on this port. */
  recordKey(port: number): SslRecordKey;
}

const WILDCARD = `*.${HOST}`;

function named(label: BindingKind['label'], site: string, host: string): BindingKind {
  const recordKey = (port: number): SslRecordKey => ({ kind: 'hostnameport', host, port });
  const sni = host.replace('*', 'any');
  return { label, site, address: '*', host, sni, sslFlags: SSL_FLAG.sni, recordKey };
}

function addressed(label: BindingKind['label'], site: string, address: string): BindingKind {
  const recordKey = (port: number): SslRecordKey => ({ kind: 'ipport', address, port });
  return { label, site, address, host: '', sni: '', sslFlags: 0, recordKey };
}

export const NAME_BINDING = named('name', MARK, HOST);
export const OTHER_BINDINGS: readonly BindingKind[] = [
  named('wildcard', `${MARK} wildcard`, WILDCARD),
  addressed('address', `${MARK} address`, '127.0.0.1'),
  addressed('IPv6 address', `${MARK} IPv6 address`, '::1'),
];
/** Names of every temporary site. */
export const SITES: readonly string[] = [NAME_BINDING, ...OTHER_BINDINGS].map(({ site }) => site);
/** Names that every certificate of a self-test is valid for. */
export const IDENTIFIERS = [
  { type: 'dns', value: HOST },
  { type: 'dns', value: WILDCARD },
  { type: 'ip', value: '127.0.0.1' },
  { type: 'ip', value: '::1' },
] as const;

/** Whether a record of this key is one that a self-test makes for a name; an address does not tell. */
export function namesTestHost(key: SslRecordKey): boolean {
  return key.kind === 'hostnameport' && [HOST, WILDCARD].includes(key.host.toLowerCase());
}
