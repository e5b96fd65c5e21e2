import { EverbindError } from '../errors/error.ts';
import type { HostKeys } from '../ports/host-keys.ts';
import type { KeyCustody, KeyHandle, KeyStore } from '../ports/key-store.ts';
import { CNG_SCHEME, handlePrefix, hostKeyName, SOFTWARE_KSP } from './cng/handle.ts';

export interface KeyCustodyOptions {
  readonly software: KeyStore;
  /**
   * The key storage providers of this machine; asked for when a key of one is used. Throws WIN_NOT_WINDOWS where there
   * are none.
   */
  readonly hostKeys: () => Promise<HostKeys>;
}

/**
 * One kind of key store. A new kind is one more entry here; its code is loaded when one of its keys is used, not
 * before.
 */
interface KeyStoreKind {
  /** What stands before the first colon of its handles. */
  readonly scheme: string;
  /** Whether `key.provider` of the configuration means a store of this kind. */
  takes(provider: string): boolean;
  /** What stands before the name in handles of keys that are made at this provider. */
  prefix(provider: string): string;
  /** The provider of a handle, the inverse of `prefix`. Throws KEY_NOT_FOUND. */
  providerOf(handle: KeyHandle): string;
  load(provider: string): Promise<KeyStore>;
}

/** All keys, wherever they are: a key that was made before the configuration named another provider stays usable. */
export function createKeyCustody({ software, hostKeys }: KeyCustodyOptions): KeyCustody {
  const cng: KeyStoreKind = {
    scheme: CNG_SCHEME,
    takes: () => true,
    prefix: (provider) => handlePrefix(provider === 'cng' ? SOFTWARE_KSP : provider),
    providerOf: (handle) => hostKeyName(handle).provider,
    load: async (provider) => {
      const { createCngKeyStore } = await import('./cng/store.ts');
      return createCngKeyStore({ hostKeys, ...(provider === 'cng' ? {} : { provider }) });
    },
  };
  const kinds: readonly KeyStoreKind[] = [
    {
      scheme: software.provider,
      takes: (provider) => provider === software.provider,
      prefix: () => software.provider,
      providerOf: () => software.provider,
      load: async () => software,
    },
    // Last, since any name may be that of a key storage provider of Windows.
    cng,
  ];

  const kindOf = (handle: KeyHandle): KeyStoreKind => {
    const kind = kinds.find(({ scheme }) => handle.startsWith(`${scheme}:`));
    if (kind === undefined) throw new EverbindError('KEY_NOT_FOUND', `no key store has a key ${handle}`, { handle });
    return kind;
  };
  const storeOf = async (handle: KeyHandle): Promise<KeyStore> => {
    const kind = kindOf(handle);
    return kind.load(kind.providerOf(handle));
  };

  return {
    storeFor: (provider) => {
      const kind = kinds.find(({ takes }) => takes(provider)) ?? cng;
      return storeWhenUsed(kind.prefix(provider), () => kind.load(provider));
    },
    generate: async (handle, algorithm) => {
      const store = await storeOf(handle);
      await store.generate(handle.slice(store.provider.length + 1), algorithm);
    },
    open: async (handle) => (await storeOf(handle)).open(handle),
    attach: async (handle, chain) => (await storeOf(handle)).attach(handle, chain),
    destroy: async (handle) => (await storeOf(handle)).destroy(handle),
  };
}

/** A store that is loaded at its first call. */
function storeWhenUsed(provider: string, load: () => Promise<KeyStore>): KeyStore {
  return {
    provider,
    generate: async (name, algorithm) => (await load()).generate(name, algorithm),
    open: async (handle) => (await load()).open(handle),
    attach: async (handle, chain) => (await load()).attach(handle, chain),
    destroy: async (handle) => (await load()).destroy(handle),
  };
}
