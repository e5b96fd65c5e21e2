import { isIP } from 'node:net';
import { recordKeyId } from '../../src/iis/ssl-record.ts';
import { type Inventory, type SiteBinding, type SiteInventory, siteText } from '../../src/iis/inventory-types.ts';
import { identifierKey, parseIdentifier } from '../../src/pki/names.ts';
import type { SslRecordKey } from '../../src/ports/windows-host.ts';

/** What an operator would declare for the https sites of a configuration, and what cannot be declared, with the reason. */
export interface Declaration {
  readonly certificates: readonly DeclaredCertificate[];
  readonly refused: readonly RefusedBinding[];
}

export interface DeclaredCertificate {
  readonly name: string;
  readonly names: readonly string[];
  /** Sites as the deployment names them. */
  readonly sites: readonly string[];
  /** The same sites as people name them. */
  readonly siteNames: readonly string[];
  readonly wildcard: boolean;
}

export interface RefusedBinding {
  readonly site: string;
  readonly binding: string;
  readonly reason: string;
}

interface Candidate {
  readonly site: SiteInventory;
  readonly names: Set<string>;
  readonly records: Set<string>;
}

const SNI = 1;
const CENTRAL_STORE = 2;
const MOST_NAMES = 100;

/**
 * One certificate for each site, or for each group of sites that share an IP:port record, since http.sys has one certificate for such a
 * record. A binding without host takes the hosts of the site's http bindings, a loopback address takes an IP certificate, and what is
 * left takes a stand-in name that the test DNS answers.
 */
export function declareCertificates(inventory: Inventory): Declaration {
  const refused: RefusedBinding[] = [];
  const candidates = inventory.sites.flatMap((site) => {
    const candidate: Candidate = { site, names: new Set(), records: new Set() };
    for (const binding of site.bindings.filter(({ protocol }) => protocol === 'https')) {
      const outcome = namesOf(site, binding);
      if ('refused' in outcome) {
        refused.push({ site: siteText(site), binding: binding.text, reason: outcome.refused });
      } else {
        for (const name of outcome.names) candidate.names.add(name);
        candidate.records.add(recordKeyId(outcome.record));
      }
    }
    return candidate.records.size > 0 ? [candidate] : [];
  });
  const used = new Set<string>();
  const certificates = groupByRecord(candidates).flatMap((group): DeclaredCertificate[] => {
    const names = [...new Set(group.flatMap((candidate) => [...candidate.names]))];
    const sites = group.map(({ site }) => siteText(site));
    if (names.length > MOST_NAMES) {
      refused.push({
        site: sites.join(', '),
        binding: 'all',
        reason: `${names.length} names are more than one certificate holds`,
      });
      return [];
    }
    return [
      {
        name: uniqueName(sites[0] ?? '', used),
        names,
        sites: group.map(({ site }) => siteReference(site, inventory)),
        siteNames: sites,
        wildcard: names.some((name) => name.startsWith('*.')),
      },
    ];
  });
  return { certificates, refused };
}

function namesOf(
  site: SiteInventory,
  binding: SiteBinding,
): { readonly names: readonly string[]; readonly record: SslRecordKey } | { readonly refused: string } {
  const { information, sslFlags } = binding;
  if (information.kind !== 'ip-port-host') {
    return {
      refused:
        information.kind === 'unreadable' ? `the binding is unreadable: ${information.problem}` : 'no IP:port:host',
    };
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
  if (address.startsWith('127.') && isIP(address) === 4) return { names: [address], record };
  const hosts = site.bindings.flatMap(({ protocol, information: other }) =>
    protocol === 'http' && other.kind === 'ip-port-host' && other.host !== '' ? [validName(other.host)] : [],
  );
  const names = hosts.filter((name): name is string => name !== null && !name.startsWith('*.'));
  return { names: names.length > 0 ? names : [`site-${site.id ?? 0}.iis.test`], record };
}

/** The http.sys record behind a readable binding that is not of the central store; null for SNI without a host. */
export function recordOf({ information, sslFlags }: SiteBinding): SslRecordKey | null {
  if (information.kind !== 'ip-port-host') return null;
  const { address, port, host } = information;
  if (((sslFlags ?? 0) & SNI) === 0) return { kind: 'ipport', address: address === '*' ? '0.0.0.0' : address, port };
  return host === '' ? null : { kind: 'hostnameport', host, port };
}

function validName(host: string): string | null {
  try {
    const identifier = parseIdentifier(host);
    return identifierKey(identifier).startsWith('dns:') ? identifier.value : null;
  } catch {
    return null;
  }
}

function groupByRecord(candidates: readonly Candidate[]): Candidate[][] {
  const groups: { readonly records: Set<string>; readonly members: Candidate[] }[] = [];
  for (const candidate of candidates) {
    const touching = groups.filter(({ records }) => [...candidate.records].some((record) => records.has(record)));
    const merged = {
      records: new Set([...touching.flatMap(({ records }) => [...records]), ...candidate.records]),
      members: [...touching.flatMap(({ members }) => members), candidate],
    };
    for (const group of touching) groups.splice(groups.indexOf(group), 1);
    groups.push(merged);
  }
  return groups.map(({ members }) => members);
}

function siteReference(site: SiteInventory, inventory: Inventory): string {
  const sameId = inventory.sites.filter(({ id }) => id === site.id).length;
  return site.id !== null && sameId === 1 ? `id:${site.id}` : site.name;
}

function uniqueName(text: string, used: Set<string>): string {
  const base =
    text
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 40) || 'site';
  let name = base;
  for (let number = 2; used.has(name); number += 1) name = `${base}-${number}`;
  used.add(name);
  return name;
}
