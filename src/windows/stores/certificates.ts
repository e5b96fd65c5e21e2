import { createPublicKey, X509Certificate } from 'node:crypto';
import { WindowsError } from '../../errors/error.ts';
import type { CertificateStores } from '../../ports/windows-host.ts';
import { ADD, changeStore, readStore } from './certificate-store.ts';
import type { NativeKeys } from '../keys/keys.ts';
import type { Native } from '../ffi/native.ts';
import { openPfx } from './pfx.ts';
import { isPfxKey, pfxKeyName } from './pfx-key.ts';
import { STATUS } from '../status.ts';

/** Stores of LocalMachine. `keys` holds what certificates refer to; it is asked for when one is. */
export function createCertificateStores(native: Native, keys: () => NativeKeys): CertificateStores {
  return {
    list: async (store) => readStore(native, store, (open) => open.all()) ?? [],

    find: async (store, thumbprint) => readStore(native, store, (open) => open.find(thumbprint)),

    importPfx: async (store, pfx, password, friendlyName) => {
      const { leaf, privateKey } = await openPfx(pfx, password);
      const thumbprint = new X509Certificate(leaf).fingerprint.replaceAll(':', '').toLowerCase();
      const key = pfxKeyName(store, thumbprint);
      const isNew = await keys().importKey(key, privateKey);
      try {
        changeStore(native, store, (open) => open.add(leaf, ADD.REPLACE_EXISTING, { key, friendlyName }));
      } catch (error) {
        if (isNew) await keys().remove(key);
        throw error;
      }
    },

    add: async (store, der) => changeStore(native, store, (open) => open.add(der, ADD.USE_EXISTING)),

    addWithKey: async (store, der, key, friendlyName) => {
      const publicKey = await keys().publicKey(key);
      if (publicKey === null) {
        throw new WindowsError('NCryptOpenKey', STATUS.NTE_BAD_KEYSET, { provider: key.provider });
      }
      // Windows stores the reference whatever it leads to, and http.sys fails with it later.
      const held = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
      if (!parse(der).publicKey.equals(held)) {
        throw new WindowsError('CertSetCertificateContextProperty', STATUS.NTE_NO_KEY, { provider: key.provider });
      }
      changeStore(native, store, (open) => open.add(der, ADD.REPLACE_EXISTING, { key, friendlyName }));
    },

    remove: async (store, thumbprint) => {
      const key = readStore(native, store, (open) => open.keyOf(thumbprint));
      // Nothing is opened for writing that need not be: a store that does not exist would be made.
      if (readStore(native, store, (open) => open.find(thumbprint)) !== null) {
        changeStore(native, store, (open) => open.remove(thumbprint));
      }
      if (key !== null && isPfxKey(key, store, thumbprint)) await keys().remove(key);
    },
  };
}

function parse(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    throw new WindowsError('CertCreateCertificateContext', STATUS.CRYPT_E_BAD_ENCODE);
  }
}
