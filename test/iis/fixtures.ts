import { siteInventory } from '../../src/iis/config/application-host-inventory.ts';
import { readSites } from '../../src/iis/config/application-host-sites.ts';
import type { FtpCertificate, SiteInventory, SiteState } from '../../src/iis/config/inventory-types.ts';
import type { BindingPlan, PlanInput, PlanPolicy } from '../../src/iis/plan/types.ts';
import { planBindings } from '../../src/iis/plan/plan.ts';
import { IIS_APP_ID, recordKeyId } from '../../src/iis/records/ssl-record.ts';
import { parseIdentifier } from '../../src/pki/x509/names.ts';
import type { SslRecord, SslRecordKey } from '../../src/ports/windows-host.ts';

/** Thumbprints by purpose. */
export const NEW = 'aa'.repeat(20);
export const OLD = 'bb'.repeat(20);
export const THEIRS = 'cc'.repeat(20);
export const OTHER = 'dd'.repeat(20);
export const FOREIGN_APP_ID = '{00112233-4455-6677-8899-aabbccddeeff}';

const emptySection = readSites([]);
let nextId = 100;

export interface SiteOptions {
  readonly id?: number;
  readonly state?: SiteState;
  readonly ftp?: FtpCertificate;
}

/** A started site. Bindings: `https *:443:shop.example 1` (protocol, information, sslFlags). */
export function site(name: string, bindings: readonly string[], options: SiteOptions = {}): SiteInventory {
  const raw = {
    name,
    id: String(options.id ?? (nextId += 1)),
    serverAutoStart: null,
    attributes: {},
    declaresBindings: true,
    bindings: bindings.map((text) => {
      const [protocol = '', bindingInformation = '', sslFlags] = text.split(' ');
      return { attributes: { protocol, bindingInformation, ...(sslFlags === undefined ? {} : { sslFlags }) } };
    }),
    applications: [],
    virtualDirectoryDefaults: {},
    hsts: null,
    ftpServer: null,
  };
  return { ...siteInventory(raw, emptySection, options.state ?? 'Started'), ftp: options.ftp ?? null };
}

/** `0.0.0.0:443`, `[::1]:443` or `shop.example:443`. */
export function key(text: string): SslRecordKey {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  const name = text.slice(0, colon).replace(/^\[|\]$/g, '');
  return /^[0-9.]+$|:/.test(name)
    ? { kind: 'ipport', address: name, port }
    : { kind: 'hostnameport', host: name, port };
}

export function record(keyText: string, hash: string | null, fields: Partial<SslRecord> = {}): SslRecord {
  return {
    key: key(keyText),
    certificateHash: hash,
    certificateStore: 'WebHosting',
    appId: IIS_APP_ID,
    certCheckMode: 0,
    revocationFreshnessTime: 0,
    revocationUrlRetrievalTimeout: 0,
    ctlIdentifier: null,
    ctlStoreName: null,
    flags: 0,
    ...fields,
  };
}

export interface Scenario {
  readonly names: readonly string[];
  readonly sites?: readonly SiteInventory[];
  readonly records?: readonly SslRecord[];
  readonly previous?: string | null;
  readonly store?: 'WebHosting' | 'MY';
  readonly policy?: Partial<PlanPolicy>;
  readonly ftpDefaults?: FtpCertificate;
}

export function planInput(scenario: Scenario): PlanInput {
  return {
    inventory: {
      sites: scenario.sites ?? [],
      records: scenario.records ?? [],
      ftpDefaults: scenario.ftpDefaults ?? null,
    },
    certificate: {
      name: 'shop',
      thumbprint: NEW,
      previousThumbprint: scenario.previous === undefined ? OLD : scenario.previous,
      identifiers: scenario.names.map(parseIdentifier),
      store: scenario.store ?? 'WebHosting',
    },
    policy: { sites: null, adopt: false, ownThumbprints: new Map([[OTHER, 'other']]), ...scenario.policy },
  };
}

export function plan(scenario: Scenario): BindingPlan {
  return planBindings(planInput(scenario));
}

/** `rule target` of every change. */
export function changes(result: BindingPlan): readonly string[] {
  return result.changes.map(({ rule, target }) => `${rule} ${target.replace('http.sys record ', '')}`);
}

/** `code target` of every note, sorted. */
export function notes(list: BindingPlan['skipped']): readonly string[] {
  return list.map(({ code, target }) => `${code} ${target.replace('http.sys record ', '')}`).sort();
}

/** `address:port host name skip` of every endpoint, `-` for nothing. */
export function endpoints(result: BindingPlan): readonly string[] {
  return result.endpoints.map(
    ({ address, port, host, name, skip }) => `${address}:${port} ${host || '-'} ${name || '-'} ${skip ?? '-'}`,
  );
}

/** The records once the changes are made. */
export function afterwards(records: readonly SslRecord[], result: BindingPlan): readonly SslRecord[] {
  const next = new Map(records.map((one) => [recordKeyId(one.key), one]));
  for (const { key: changed, after } of result.changes) next.set(recordKeyId(changed), after);
  return [...next.values()];
}
