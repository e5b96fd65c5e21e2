import { canonicalHost } from '../../pki/x509/names.ts';
import type { SslRecord, SslRecordKey } from '../../ports/windows-host.ts';
import { siteText, type Inventory, type SiteBinding, type SiteInventory } from '../config/inventory-types.ts';
import type { SkippedCode } from './types.ts';
import { hasFlag, SSL_FLAG } from '../config/ssl-flags.ts';
import { withoutZone } from '../config/bound-address.ts';
import { recordKeyId } from '../records/ssl-record.ts';

/** An https binding and where its certificate is looked up. */
export interface SlotUser {
  readonly site: SiteInventory;
  readonly binding: SiteBinding;
  /** `*` or a canonical IP address. */
  readonly address: string;
  readonly port: number;
  /** Canonical; '' for every host. */
  readonly host: string;
  readonly sni: boolean;
  readonly sslFlags: number;
}

/** One key of the http.sys configuration with its records and the bindings that it serves. */
export interface Slot {
  readonly key: SslRecordKey;
  /** Usually one record; two when a host is there in Unicode and in A-labels; none when the record is missing. */
  readonly records: readonly SslRecord[];
  readonly users: readonly SlotUser[];
}

/** A binding whose certificate Everbind does not set. */
export interface UnusableBinding {
  readonly site: SiteInventory;
  readonly binding: SiteBinding;
  /** Canonical host where the binding is readable, '' otherwise. */
  readonly host: string;
  readonly code: SkippedCode;
  readonly reason: string;
}

/** Matches https bindings with records. Central-store records are in no slot. */
export function joinSlots(inventory: Pick<Inventory, 'sites' | 'records'>): {
  readonly slots: ReadonlyMap<string, Slot>;
  readonly unusable: readonly UnusableBinding[];
} {
  const slots = new Map<string, { key: SslRecordKey; records: SslRecord[]; users: SlotUser[] }>();
  const unusable: UnusableBinding[] = [];
  for (const record of inventory.records) {
    if (record.key.kind === 'ccs' || record.key.kind === 'scopedccs') continue;
    const id = recordKeyId(record.key);
    const slot = slots.get(id);
    if (slot === undefined) slots.set(id, { key: record.key, records: [record], users: [] });
    else slot.records.push(record);
  }
  const attach = (key: SslRecordKey, user: SlotUser, onlyExisting: boolean): void => {
    const id = recordKeyId(key);
    const slot = slots.get(id);
    if (slot !== undefined) slot.users.push(user);
    else if (!onlyExisting) slots.set(id, { key, records: [], users: [user] });
  };
  for (const site of inventory.sites) {
    for (const binding of site.bindings) {
      const read = readBinding(site, binding);
      if ('code' in read) unusable.push(read);
      else if (read.sni) attach({ kind: 'hostnameport', host: hostOfRecord(read), port: read.port }, read, false);
      else {
        const address = read.address === '*' ? '0.0.0.0' : withoutZone(read.address);
        attach({ kind: 'ipport', address, port: read.port }, read, false);
        // IIS writes only the IPv4 wildcard. If somebody added the IPv6 one, IPv6 clients of this binding get that
        // certificate.
        if (read.address === '*') attach({ kind: 'ipport', address: '::', port: read.port }, read, true);
      }
    }
  }
  return { slots, unusable };
}

/**
 * The host of a record that is missing: as the binding spells it, which is how IIS would write it, but in lower case
 * and without a final dot, as clients ask. Which form of an IDN http.sys wants is not documented.
 */
function hostOfRecord({ binding, host }: SlotUser): string {
  if (binding.information.kind !== 'ip-port-host' || !host.includes('xn--')) return host;
  const written = binding.information.host.toLowerCase().replace(/\.$/, '');
  return canonicalHost(written) === host ? written : host;
}

function readBinding(site: SiteInventory, binding: SiteBinding): SlotUser | UnusableBinding {
  const { information, sslFlags } = binding;
  const host = information.kind === 'ip-port-host' ? canonicalHost(information.host) : '';
  const refuse = (code: SkippedCode, reason: string): UnusableBinding => ({ site, binding, host, code, reason });
  if (binding.protocol === 'ftp' || binding.protocol === 'ftps') {
    return refuse('ftp-not-handled', 'the certificate of FTP is a setting of the site, which is not changed');
  }
  if (binding.protocol !== 'https') {
    return refuse(
      'protocol-not-handled',
      `${binding.protocol || 'a binding without protocol'} takes no certificate from http.sys`,
    );
  }
  if (information.kind !== 'ip-port-host') {
    return refuse('binding-unreadable', information.kind === 'unreadable' ? information.problem : 'unknown form');
  }
  if (sslFlags === null) return refuse('ssl-flags-unreadable', 'sslFlags is no number');
  if (hasFlag(sslFlags, SSL_FLAG.centralStore)) {
    return refuse('central-store', 'the certificate is a file of the central certificate store');
  }
  const sni = hasFlag(sslFlags, SSL_FLAG.sni);
  if (sni && host === '') return refuse('sni-without-host', 'SNI is on but the binding names no host');
  const { address, port } = information;
  return { site, binding, address, port, host, sni, sslFlags };
}

/** A binding in the operator's words: `https/*:443:shop.example of Shop`. */
export function bindingText(site: SiteInventory, binding: SiteBinding): string {
  return `${binding.protocol}/${binding.text} of ${siteText(site)}`;
}
