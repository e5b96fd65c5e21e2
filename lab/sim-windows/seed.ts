import { hash } from 'node:crypto';
import type { SiteBinding } from '../../src/iis/config/inventory-types.ts';
import { readInventory } from '../../src/iis/inventory.ts';
import { IIS_APP_ID, recordKeyId } from '../../src/iis/records/ssl-record.ts';
import { hasFlag, recordFlagsFor, SSL_FLAG } from '../../src/iis/config/ssl-flags.ts';
import { canonicalHost } from '../../src/pki/x509/names.ts';
import type { HostKeyName } from '../../src/ports/host-keys.ts';
import type { SslRecordKey, WindowsHost } from '../../src/ports/windows-host.ts';
import { type CertificateRequest, createLabCa, type LabCa, pkcs8Of } from '../test-ca.ts';

export interface SeedOptions {
  /** Issues the certificates; by default one of its own making. Its root goes into the store Root. */
  readonly ca?: LabCa;
  /** Until the certificates expire; negative for expired ones. Default 10. */
  readonly daysLeft?: number | ((target: SeedTarget) => number);
  /** Makes the keys in this provider of the host; by default they are imported with the certificates. */
  readonly keyProvider?: string;
  /**
   * Names of a certificate; by default the hosts of its bindings, else a loopback address, else one made of the site's
   * name.
   */
  readonly namesFor?: (target: SeedTarget) => readonly string[];
}

/** One http.sys record and the bindings behind it. */
export interface SeedTarget {
  readonly key: SslRecordKey;
  readonly sites: readonly string[];
  /** Canonical, wildcards included; empty when no binding has one. */
  readonly hosts: readonly string[];
}

export interface SeededRecord extends SeedTarget {
  /** A-labels, wildcards and IP addresses in the certificate; empty for a central-store record. */
  readonly names: readonly string[];
  /** null for a central-store record. */
  readonly thumbprint: string | null;
  readonly store: 'MY' | 'WebHosting' | null;
}

export interface SeedResult {
  readonly ca: LabCa;
  readonly records: readonly SeededRecord[];
  /** https bindings that could get no record, with the reason. */
  readonly skipped: readonly { readonly site: string; readonly binding: string; readonly reason: string }[];
}

const DAY_MS = 24 * 3600 * 1000;

interface Building {
  readonly key: SslRecordKey;
  readonly flags: number;
  readonly sites: Set<string>;
  readonly hosts: Set<string>;
}

/**
 * Gives every https binding, those of stopped sites included, what it has on a server of some age: a certificate about
 * to expire, in MY or WebHosting in turn, and the record that IIS makes for the binding's sslFlags. The stores and
 * records of the host must be empty.
 */
export async function seedCertificates(host: WindowsHost, options: SeedOptions = {}): Promise<SeedResult> {
  const ca = options.ca ?? (await createLabCa('Everbind lab: expiring certificates'));
  const targets = new Map<string, Building>();
  const skipped: { site: string; binding: string; reason: string }[] = [];
  for (const site of (await readInventory(host)).sites) {
    for (const binding of site.bindings.filter(({ protocol }) => protocol === 'https')) {
      const key = recordKeyOf(binding);
      if (typeof key === 'string') {
        skipped.push({ site: site.name, binding: binding.text, reason: key });
        continue;
      }
      const { flags } = recordFlagsFor(binding.sslFlags ?? 0);
      const target = targets.get(recordKeyId(key)) ?? { key, flags, sites: new Set(), hosts: new Set() };
      targets.set(recordKeyId(key), target);
      target.sites.add(site.name);
      const name = binding.information.kind === 'ip-port-host' ? canonicalHost(binding.information.host) : '';
      if (name !== '') target.hosts.add(name);
    }
  }
  await host.certificates.add('Root', ca.der);
  const records: SeededRecord[] = [];
  for (const [index, { key, flags, sites, hosts }] of [...targets.values()].entries()) {
    const target = { key, sites: [...sites], hosts: [...hosts] };
    const store = index % 2 === 0 ? 'MY' : 'WebHosting';
    const central = key.kind === 'ccs';
    const names = central ? [] : (options.namesFor ?? defaultNames)(target);
    const validity = validityOf(daysLeftOf(options, target));
    const thumbprint = central
      ? null
      : options.keyProvider === undefined
        ? await install(host, ca, store, { names, ...validity })
        : await certify(
            host,
            ca,
            store,
            { names, ...validity },
            { provider: options.keyProvider, name: `old-${index}` },
          );
    await host.sslRecords.set({
      key,
      certificateHash: thumbprint,
      certificateStore: central ? null : store,
      appId: IIS_APP_ID,
      certCheckMode: 0,
      revocationFreshnessTime: 0,
      revocationUrlRetrievalTimeout: 0,
      ctlIdentifier: null,
      ctlStoreName: null,
      flags,
    });
    records.push({ ...target, names, thumbprint, store: central ? null : store });
  }
  return { ca, records, skipped };
}

/** The record that IIS keeps for a binding (facts of windows C.3), or why there can be none. */
function recordKeyOf({ information, sslFlags }: SiteBinding): SslRecordKey | string {
  if (information.kind !== 'ip-port-host') return 'its bindingInformation is unreadable';
  if (sslFlags === null) return 'its sslFlags are no number';
  const { address, port, host } = information;
  if (hasFlag(sslFlags, SSL_FLAG.centralStore)) return { kind: 'ccs', port };
  if (hasFlag(sslFlags, SSL_FLAG.sni)) {
    return host === '' ? 'it asks for SNI without a host' : { kind: 'hostnameport', host, port };
  }
  return { kind: 'ipport', address: address === '*' ? '0.0.0.0' : (address.split('%')[0] ?? ''), port };
}

function defaultNames({ key, sites, hosts }: SeedTarget): readonly string[] {
  // A certificate cannot hold a host that has no A-labels.
  const usable = hosts.filter((host) => /^[\x21-\x7e]+$/.test(host));
  if (usable.length > 0) return usable;
  if (key.kind === 'ipport' && key.address.startsWith('127.')) return [key.address];
  const label = (sites[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50);
  return [`${label === '' ? `port-${key.port}` : label}.everbind.test`];
}

function daysLeftOf({ daysLeft }: SeedOptions, target: SeedTarget): number {
  return typeof daysLeft === 'function' ? daysLeft(target) : (daysLeft ?? 10);
}

function validityOf(daysLeft: number): { readonly notBefore: Date; readonly notAfter: Date } {
  // One hour more, so that the number of days left stays true while the lab runs.
  const notAfter = new Date(Date.now() + daysLeft * DAY_MS + DAY_MS / 24);
  return { notBefore: new Date(notAfter.getTime() - 90 * DAY_MS), notAfter };
}

async function install(
  host: WindowsHost,
  ca: LabCa,
  store: 'MY' | 'WebHosting',
  request: CertificateRequest,
): Promise<string> {
  const issued = await ca.issue(request);
  await host.certificates.importWithKey(store, issued.der, pkcs8Of(issued), `${request.names[0] ?? ''} (old)`);
  return hash('sha1', issued.der, 'hex');
}

async function certify(
  host: WindowsHost,
  ca: LabCa,
  store: 'MY' | 'WebHosting',
  request: CertificateRequest,
  key: HostKeyName,
): Promise<string> {
  await host.keys.create(key, 'ec-p256');
  const publicKey = await host.keys.publicKey(key);
  if (publicKey === null) throw new Error(`${key.provider} made no key ${key.name}`);
  const der = await ca.certify(request, publicKey);
  await host.certificates.addWithKey(store, der, key, `${request.names[0] ?? ''} (old)`);
  return hash('sha1', der, 'hex');
}
