import { EverbindError } from '../errors/error.ts';
import { readInventory } from '../iis/inventory.ts';
import type { KeyStore } from '../ports/key-store.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import { FRIENDLY_NAME, HOST, KEYS, SITE } from './names.ts';

/**
 * Removes everything that a self-test creates, whichever run created it, and returns in words what there was. Goes on
 * when something cannot be removed, and throws the first failure at the end.
 */
export async function removeTraces(host: WindowsHost, keys: KeyStore): Promise<readonly string[]> {
  const failures: unknown[] = [];
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failures.push(error);
    }
  };
  const found = await findTraces(host);
  // The record goes first: a record without a site does no harm, one without its certificate does.
  for (const { remove } of found) await attempt(remove);
  for (const name of KEYS) await attempt(() => keys.destroy(`${keys.provider}:${name}`));
  if (failures.length > 0) throw failures[0];
  return found.map(({ text }) => text);
}

/** What a self-test has created and anybody can see. */
export async function findTraces(
  host: WindowsHost,
): Promise<readonly { readonly text: string; remove(): Promise<void> }[]> {
  const { records, sites, certificates } = await readInventory(host);
  const ours = records.filter(({ key }) => key.kind === 'hostnameport' && key.host.toLowerCase() === HOST);
  return [
    ...ours.map(({ key }) => ({
      text: `http.sys record of ${HOST}`,
      remove: () => host.sslRecords.remove(key),
    })),
    ...sites.filter(({ name }) => name === SITE).map(() => ({ text: `site ${SITE}`, remove: () => deleteSite(host) })),
    ...certificates
      .filter(({ friendlyName }) => friendlyName === FRIENDLY_NAME)
      .map(({ store, thumbprint }) => ({
        text: `certificate ${thumbprint} in ${store}`,
        remove: () => host.certificates.remove(store, thumbprint),
      })),
  ];
}

async function deleteSite(host: WindowsHost): Promise<void> {
  const { exitCode } = await host.appcmd(['delete', 'site', SITE]);
  if (exitCode !== 0) {
    throw new EverbindError('IIS_APPCMD_FAILED', `appcmd delete site ended with ${exitCode}`, { exitCode });
  }
}
