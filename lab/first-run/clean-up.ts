import { X509Certificate } from 'node:crypto';
import { readInventory } from '../../src/iis/inventory.ts';
import { recordKeyText } from '../../src/iis/records/ssl-record.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import { APP_ID, DOMAIN, keyNames, PREFIX, PROVIDERS } from './own-names.ts';

export interface Trace {
  readonly kind: 'record' | 'site' | 'certificate' | 'key';
  readonly text: string;
  remove(): Promise<unknown>;
}

/**
 * Everything of ours that is on the machine, whichever run made it. What cannot be looked at is reported by `failed`.
 */
export async function findTraces(host: WindowsHost, failed: (what: string) => void): Promise<readonly Trace[]> {
  const traces: Trace[] = [];
  const look = async (what: string, work: () => Promise<readonly Trace[]>): Promise<void> => {
    try {
      traces.push(...(await work()));
    } catch {
      failed(what);
    }
  };
  await look('records', async () =>
    (await host.sslRecords.enumerate())
      .filter(({ appId, key }) => appId.toLowerCase() === APP_ID || ('host' in key && isOurs(key.host)))
      .map(({ key }) => ({
        kind: 'record',
        text: `record ${key.kind} ${recordKeyText(key)}`,
        remove: () => host.sslRecords.remove(key),
      })),
  );
  await look('sites', async () =>
    (await readInventory(host)).sites
      .filter(({ name }) => name.startsWith(PREFIX))
      .map(({ name }) => ({
        kind: 'site',
        text: `site ${name}`,
        remove: () => host.appcmd(['delete', 'site', name]),
      })),
  );
  for (const store of ['MY', 'WebHosting', 'CA', 'Root'] as const) {
    await look(`store ${store}`, async () =>
      (await host.certificates.list(store))
        .filter(({ der, friendlyName }) => friendlyName === PREFIX || hasOurName(der))
        .map(({ thumbprint }) => ({
          kind: 'certificate',
          text: `certificate ${thumbprint} in ${store}`,
          remove: () => host.certificates.remove(store, thumbprint),
        })),
    );
  }
  await look('keys', async () => {
    const all = await host.keys.providers();
    const found: Trace[] = [];
    for (const provider of [PROVIDERS.software, PROVIDERS.platform].filter((name) => all.includes(name))) {
      for (const key of keyNames(provider)) {
        if ((await host.keys.publicKey(key)) === null) continue;
        found.push({ kind: 'key', text: `key ${key.name} of ${provider}`, remove: () => host.keys.remove(key) });
      }
    }
    return found;
  });
  return traces;
}

/** Removes what there is of ours. A failure is seen by whoever looks afterwards. `keep`: what is left where it is. */
export async function removeTraces(host: WindowsHost, keep: (trace: Trace) => boolean = () => false): Promise<void> {
  for (const trace of await findTraces(host, () => {})) {
    if (!keep(trace)) await trace.remove().catch(() => {});
  }
}

function isOurs(host: string): boolean {
  return host.toLowerCase().endsWith(`.${DOMAIN}`) && !host.startsWith('selftest.');
}

function hasOurName(der: Uint8Array): boolean {
  try {
    return new X509Certificate(der).issuer.includes(PREFIX);
  } catch {
    return false;
  }
}
