import { EverbindError, errorCode } from '../errors/error.ts';
import { readInventory } from '../iis/inventory.ts';
import { recordKeyText } from '../iis/records/ssl-record.ts';
import type { KeyStore } from '../ports/key-store.ts';
import type { SslRecord, StoredCertificate, StoreName, WindowsHost } from '../ports/windows-host.ts';
import { namesTestHost, SITES } from './binding-kind.ts';
import { KEY_NAMES, keyHandleOf } from './keys.ts';
import { MARK } from './names.ts';

/** Something that a self-test has created and anybody can see. */
interface Trace {
  readonly text: string;
  remove(): Promise<unknown>;
}

const STORES: readonly StoreName[] = ['MY', 'WebHosting', 'CA'];

/**
 * Removes everything that a self-test creates, whichever run created it, and returns in words how much there was. Goes
 * on when something cannot be removed, and throws the first failure at the end.
 */
export async function removeTraces(host: WindowsHost, keys: KeyStore): Promise<string> {
  const failures: unknown[] = [];
  const attempt = async ({ remove }: Pick<Trace, 'remove'>): Promise<void> => {
    try {
      await remove();
    } catch (error) {
      failures.push(error);
    }
  };
  const { records, sites, certificates } = await visibleTraces(host);
  // The record goes first: a record without a site does no harm, one without its certificate does.
  for (const record of records) await attempt(record);
  // By its certificate the next run knows the record of an address.
  const removable = failures.length === 0 ? [...sites, ...certificates] : sites;
  for (const trace of removable) await attempt(trace);
  for (const name of KEY_NAMES) await attempt({ remove: () => keys.destroy(keyHandleOf(keys, name)) });
  if (failures.length > 0) throw failures[0];
  return `${records.length} http.sys records, ${sites.length} sites, ${certificates.length} certificates`;
}

/**
 * What there is of a self-test now, in words. Keys: those in this store. Also looks into Root, where nothing may have
 * been put.
 */
export async function findTraces(host: WindowsHost, keys: KeyStore): Promise<readonly string[]> {
  const { records, sites, certificates } = await visibleTraces(host);
  const roots = (await marked(host, ['Root'])).map(({ thumbprint }) => `certificate ${thumbprint} in Root`);
  const kept: string[] = [];
  for (const name of KEY_NAMES) {
    if (await isKept(keys, name)) kept.push(`key ${name}`);
  }
  return [...[...records, ...sites, ...certificates].map(({ text }) => text), ...roots, ...kept];
}

interface VisibleTraces {
  readonly records: readonly Trace[];
  readonly sites: readonly Trace[];
  readonly certificates: readonly Trace[];
}

async function visibleTraces(host: WindowsHost): Promise<VisibleTraces> {
  const { records, sites } = await readInventory(host);
  const certificates = await marked(host, STORES);
  return {
    records: records
      .filter((record) => isOurs(record, certificates))
      .map(({ key }) => ({ text: `http.sys record ${recordKeyText(key)}`, remove: () => host.sslRecords.remove(key) })),
    sites: sites
      .filter(({ name }) => SITES.includes(name))
      .map(({ name }) => ({ text: `site ${name}`, remove: () => deleteSite(host, name) })),
    certificates: certificates.map(({ store, thumbprint }) => ({
      text: `certificate ${thumbprint} in ${store}`,
      remove: () => host.certificates.remove(store, thumbprint),
    })),
  };
}

async function marked(host: WindowsHost, stores: readonly StoreName[]): Promise<readonly StoredCertificate[]> {
  const stored = await Promise.all(stores.map((store) => host.certificates.list(store)));
  return stored.flat().filter(({ der }) => Buffer.from(der).includes(MARK));
}

function isOurs({ key, certificateHash }: SslRecord, certificates: readonly StoredCertificate[]): boolean {
  return namesTestHost(key) || certificates.some(({ thumbprint }) => thumbprint === certificateHash?.toLowerCase());
}

async function deleteSite(host: WindowsHost, site: string): Promise<void> {
  const { exitCode } = await host.appcmd(['delete', 'site', site]);
  if (exitCode === 0) return;
  throw new EverbindError('IIS_APPCMD_FAILED', `appcmd delete site ended with ${exitCode}`, { exitCode });
}

async function isKept(keys: KeyStore, name: string): Promise<boolean> {
  try {
    await keys.open(keyHandleOf(keys, name));
    return true;
  } catch (error) {
    if (errorCode(error) === 'KEY_NOT_FOUND') return false;
    throw error;
  }
}
