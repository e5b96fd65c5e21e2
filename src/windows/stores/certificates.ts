import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { WindowsError } from '../../errors/error.ts';
import type { HostKeyName } from '../../ports/host-keys.ts';
import type { CertificateStores, StoreName } from '../../ports/windows-host.ts';
import type { Native } from '../ffi/native.ts';
import { SOFTWARE_PROVIDER } from '../keys/key-handles.ts';
import type { NativeKeys } from '../keys/keys.ts';
import { STATUS } from '../status.ts';
import { ADD, changeStore, readStore } from './certificate-store.ts';

/** Stores of LocalMachine. `keys` holds the keys of certificates and is called when one of them is needed. */
export function createCertificateStores(native: Native, keys: () => NativeKeys): CertificateStores {
  return {
    list: async (store) => readStore(native, store, (open) => open.all()) ?? [],

    find: async (store, thumbprint) => readStore(native, store, (open) => open.find(thumbprint)),

    importWithKey: async (store, der, pkcs8, friendlyName) => {
      const certificate = parse(der);
      const privateKey = parsePrivateKey(pkcs8);
      if (!certificate.checkPrivateKey(privateKey)) {
        throw new WindowsError('CertSetCertificateContextProperty', STATUS.NTE_NO_KEY);
      }
      const key = importedKeyName(store, certificate.fingerprint.replaceAll(':', ''));
      const isNew = await keys().importKey(key, privateKey);
      try {
        changeStore(native, store, (open) => open.add(der, ADD.REPLACE_EXISTING, { key, friendlyName }));
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
      // Windows would store a reference to any key, and http.sys would fail with it later.
      const held = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
      if (!parse(der).publicKey.equals(held)) {
        throw new WindowsError('CertSetCertificateContextProperty', STATUS.NTE_NO_KEY, { provider: key.provider });
      }
      changeStore(native, store, (open) => open.add(der, ADD.REPLACE_EXISTING, { key, friendlyName }));
    },

    remove: async (store, thumbprint) => {
      const key = readStore(native, store, (open) => open.keyOf(thumbprint));
      // A store is opened for writing only if it must be changed: opening would make one that does not exist.
      if (readStore(native, store, (open) => open.find(thumbprint)) !== null) {
        changeStore(native, store, (open) => open.remove(thumbprint));
      }
      if (key !== null && isImported(key, store, thumbprint)) await keys().remove(key);
    },
  };
}

/**
 * Where an imported key goes. The name says to which certificate of which store it belongs: a repeated import finds the
 * key of one that was interrupted, and removing the certificate removes no key but its own. Keys that others made never
 * have such a name.
 */
function importedKeyName(store: StoreName, thumbprint: string): HostKeyName {
  return { provider: SOFTWARE_PROVIDER, name: `everbind.imported.${store.toLowerCase()}.${thumbprint.toLowerCase()}` };
}

function isImported(key: HostKeyName, store: StoreName, thumbprint: string): boolean {
  const own = importedKeyName(store, thumbprint);
  // Whether Windows returns a provider's name in the case in which it was given is not documented.
  return key.name === own.name && key.provider.toLowerCase() === own.provider.toLowerCase();
}

function parse(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    throw new WindowsError('CertCreateCertificateContext', STATUS.CRYPT_E_BAD_ENCODE);
  }
}

function parsePrivateKey(pkcs8: Uint8Array): KeyObject {
  // A view of the same octets: nobody would overwrite a copy.
  const key = Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.byteLength);
  try {
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  } catch {
    throw new WindowsError('NCryptImportKey', STATUS.NTE_BAD_DATA);
  }
}
