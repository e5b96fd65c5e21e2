import { EverbindError } from '../errors/error.ts';
import type { HostKeys } from '../ports/host-keys.ts';
import type { KeyCustody, KeyHandle, KeyStore } from '../ports/key-store.ts';
import { CNG_PREFIX, hostKeyName } from './cng/handle.ts';
import { createCngKeyStore } from './cng/store.ts';
import { SOFTWARE_PROVIDER } from './software/store.ts';

export interface KeyCustodyOptions {
  readonly software: KeyStore;
  /** The key storage providers of this machine; asked for when a key of one is used. Throws WIN_NOT_WINDOWS where there are none. */
  readonly hostKeys: () => Promise<HostKeys>;
}

/** All keys, wherever they are: a key that was made before the configuration named another provider stays usable. */
export function createKeyCustody({ software, hostKeys }: KeyCustodyOptions): KeyCustody {
  const storeFor = (provider: string): KeyStore => {
    if (provider === SOFTWARE_PROVIDER) return software;
    return createCngKeyStore({ hostKeys, ...(provider === 'cng' ? {} : { provider }) });
  };

  const storeOf = (handle: KeyHandle): KeyStore => {
    if (handle.startsWith(`${SOFTWARE_PROVIDER}:`)) return software;
    if (handle.startsWith(CNG_PREFIX)) return storeFor(hostKeyName(handle).provider);
    throw new EverbindError('KEY_NOT_FOUND', `no key store has a key ${handle}`, { handle });
  };

  return {
    storeFor,
    generate: async (handle, algorithm) => {
      const store = storeOf(handle);
      await store.generate(handle.slice(store.provider.length + 1), algorithm);
    },
    open: async (handle) => storeOf(handle).open(handle),
    attach: async (handle, chain) => storeOf(handle).attach(handle, chain),
    destroy: async (handle) => storeOf(handle).destroy(handle),
  };
}
