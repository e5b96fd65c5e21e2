import type { HostKeyName } from '../../ports/host-keys.ts';
import type { StoreName } from '../../ports/windows-host.ts';

/** The provider that every Windows has. */
const SOFTWARE_PROVIDER = 'Microsoft Software Key Storage Provider';

/**
 * Where the key of a PFX goes. The name says which certificate of which store it belongs to: an import that was interrupted finds its key
 * again, and removing the certificate knows that the key is its own. Keys that others made never have such a name.
 */
export function pfxKeyName(store: StoreName, thumbprint: string): HostKeyName {
  return { provider: SOFTWARE_PROVIDER, name: `everbind.pfx.${store.toLowerCase()}.${thumbprint.toLowerCase()}` };
}

/** Whether a key was made by the import of this certificate into this store. */
export function isPfxKey(key: HostKeyName, store: StoreName, thumbprint: string): boolean {
  const own = pfxKeyName(store, thumbprint);
  return key.name === own.name && key.provider === own.provider;
}
