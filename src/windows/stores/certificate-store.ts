import { hash } from 'node:crypto';
import { WindowsError } from '../../errors/error.ts';
import type { HostKeyName } from '../../ports/host-keys.ts';
import type { StoredCertificate, StoreName } from '../../ports/windows-host.ts';
import { layouts } from '../ffi/layouts.ts';
import { type Native, numberRoom } from '../ffi/native.ts';
import { STATUS } from '../status.ts';
import { FilledBuffer, Structure, textUpToZero, wide } from '../ffi/structure.ts';

// wincrypt.h
const CERT_STORE_PROV_SYSTEM_W = 10;
const CERT_SYSTEM_STORE_LOCAL_MACHINE = 0x20000;
const CERT_STORE_OPEN_EXISTING_FLAG = 0x4000;
const CERT_STORE_READONLY_FLAG = 0x8000;
const X509_ASN_ENCODING = 1;
const CERT_FIND_SHA1_HASH = 0x10000;
const CERT_KEY_PROV_INFO_PROP_ID = 2;
const CERT_FRIENDLY_NAME_PROP_ID = 11;
const CRYPT_MACHINE_KEYSET = 0x20;

const names: readonly string[] = ['MY', 'WebHosting', 'CA', 'Root'] satisfies readonly StoreName[];

/** What happens to an equal certificate that is there already: CERT_STORE_ADD_… */
export const ADD = { USE_EXISTING: 2, REPLACE_EXISTING: 3 } as const;

/** A store of LocalMachine that is open. */
export interface OpenStore {
  all(): readonly StoredCertificate[];
  find(thumbprint: string): StoredCertificate | null;
  /** The key that a certificate refers to; null when it refers to none, or is not there. */
  keyOf(thumbprint: string): HostKeyName | null;
  /**
   * Adds a certificate and these properties in one step, so that nobody ever sees it without its key. Throws
   * WindowsError for what is no certificate.
   */
  add(
    der: Uint8Array,
    disposition: number,
    properties?: { readonly key: HostKeyName; readonly friendlyName: string },
  ): void;
  /** Absent is no error. */
  remove(thumbprint: string): void;
}

/** Reads a store, without the right to change it. null when this machine has no such store. */
export function readStore<T>(native: Native, name: StoreName, work: (store: OpenStore) => T): T | null {
  return withStore(native, name, CERT_STORE_READONLY_FLAG | CERT_STORE_OPEN_EXISTING_FLAG, (handle) =>
    work(openStore(native, name, handle)),
  );
}

/**
 * Changes a store, which is made if this machine does not have it. The stores of LocalMachine that lie in the registry
 * write each change at once (https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-certcontrolstore), so
 * nothing is committed: a store that is a collection may refuse that, or write parts of it that are not ours.
 */
export function changeStore(native: Native, name: StoreName, work: (store: OpenStore) => void): void {
  withStore(native, name, 0, (handle) => work(openStore(native, name, handle)));
}

function withStore<T>(native: Native, name: StoreName, flags: number, work: (handle: bigint) => T): T | null {
  const { crypt32 } = native;
  if (!names.includes(name)) throw new WindowsError('CertOpenStore', STATUS.INVALID_PARAMETER, { store: name });
  const handle = crypt32.CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_LOCAL_MACHINE | flags, name);
  if (!handle) {
    const error = native.lastError('CertOpenStore');
    if ((flags & CERT_STORE_OPEN_EXISTING_FLAG) !== 0 && error.status === STATUS.FILE_NOT_FOUND) return null;
    throw error;
  }
  try {
    return work(handle);
  } finally {
    crypt32.CertCloseStore(handle, 0);
  }
}

function openStore(native: Native, name: StoreName, store: bigint): OpenStore {
  const { crypt32, ffi } = native;

  const withFound = <T>(thumbprint: string, work: (context: bigint) => T): T | null => {
    if (!/^[0-9a-f]{40}$/i.test(thumbprint)) return null;
    const sha1 = Buffer.from(thumbprint, 'hex');
    const blob = new Structure(ffi, layouts.CRYPT_DATA_BLOB).setUint32('cbData', sha1.length).point('pbData', sha1);
    const context = crypt32.CertFindCertificateInStore(
      store,
      X509_ASN_ENCODING,
      0,
      CERT_FIND_SHA1_HASH,
      blob.octets,
      null,
    );
    if (context) return work(context);
    const error = native.lastError('CertFindCertificateInStore');
    if (error.status === STATUS.CRYPT_E_NOT_FOUND) return null;
    throw error;
  };

  const borrowed =
    <T>(work: (context: bigint) => T) =>
    (context: bigint): T => {
      try {
        return work(context);
      } finally {
        crypt32.CertFreeCertificateContext(context);
      }
    };

  const property = (context: bigint, id: number): Buffer | null => {
    const size = numberRoom();
    if (crypt32.CertGetCertificateContextProperty(context, id, null, size) === 0) {
      const error = native.lastError('CertGetCertificateContextProperty');
      if (error.status === STATUS.CRYPT_E_NOT_FOUND) return null;
      throw error;
    }
    const octets = Buffer.alloc(size.readUInt32LE());
    if (crypt32.CertGetCertificateContextProperty(context, id, octets, size) === 0) {
      throw native.lastError('CertGetCertificateContextProperty');
    }
    return octets;
  };

  const set = (context: bigint, id: number, data: Uint8Array): void => {
    if (crypt32.CertSetCertificateContextProperty(context, id, 0, data) === 0) {
      throw native.lastError('CertSetCertificateContextProperty');
    }
  };

  const view = (context: bigint): StoredCertificate => {
    const size = layouts.CERT_CONTEXT.size;
    const certificate = new Structure(ffi, layouts.CERT_CONTEXT, native.copy(context, size));
    const der = new Uint8Array(native.copy(certificate.uint64('pbCertEncoded'), certificate.uint32('cbCertEncoded')));
    const label = property(context, CERT_FRIENDLY_NAME_PROP_ID);
    return {
      store: name,
      thumbprint: hash('sha1', der, 'hex'),
      der,
      friendlyName: (label === null ? '' : textUpToZero(label)) || null,
      hasPrivateKey: property(context, CERT_KEY_PROV_INFO_PROP_ID) !== null,
    };
  };

  return {
    all: () => {
      const found: StoredCertificate[] = [];
      let context = crypt32.CertEnumCertificatesInStore(store, null);
      while (context) {
        try {
          found.push(view(context));
        } catch (error) {
          crypt32.CertFreeCertificateContext(context);
          throw error;
        }
        context = crypt32.CertEnumCertificatesInStore(store, context);
      }
      return found;
    },

    find: (thumbprint) => withFound(thumbprint, borrowed(view)),

    keyOf: (thumbprint) =>
      withFound(
        thumbprint,
        borrowed((context) => {
          const octets = property(context, CERT_KEY_PROV_INFO_PROP_ID);
          if (octets === null) return null;
          const info = new Structure(ffi, layouts.CRYPT_KEY_PROV_INFO, octets);
          const filled = new FilledBuffer(ffi, octets);
          const container = filled.textAt(info.uint64('pwszContainerName'));
          const provider = filled.textAt(info.uint64('pwszProvName'));
          return container === null || provider === null ? null : { provider, name: container };
        }),
      ),

    add: (der, disposition, properties) => {
      const context = crypt32.CertCreateCertificateContext(X509_ASN_ENCODING, der, der.length);
      if (!context) throw native.lastError('CertCreateCertificateContext');
      borrowed((created: bigint) => {
        if (properties !== undefined) {
          const { key, friendlyName } = properties;
          // For a key of a CNG provider dwProvType is 0, and so is the key specification.
          const info = new Structure(ffi, layouts.CRYPT_KEY_PROV_INFO)
            .pointToText('pwszContainerName', key.name)
            .pointToText('pwszProvName', key.provider)
            .setUint32('dwFlags', CRYPT_MACHINE_KEYSET);
          set(created, CERT_KEY_PROV_INFO_PROP_ID, info.octets);
          if (friendlyName !== '') {
            const label = wide(friendlyName);
            const blob = new Structure(ffi, layouts.CRYPT_DATA_BLOB)
              .setUint32('cbData', label.length)
              .point('pbData', label);
            set(created, CERT_FRIENDLY_NAME_PROP_ID, blob.octets);
          }
        }
        if (crypt32.CertAddCertificateContextToStore(store, created, disposition, null) === 0) {
          throw native.lastError('CertAddCertificateContextToStore');
        }
      })(context);
    },

    remove: (thumbprint) => {
      withFound(thumbprint, (context) => {
        if (crypt32.CertDeleteCertificateFromStore(context) === 0) {
          throw native.lastError('CertDeleteCertificateFromStore');
        }
      });
    },
  };
}
