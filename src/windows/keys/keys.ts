import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { WindowsError } from '../../errors/error.ts';
import type { HostKeyName, HostKeys } from '../../ports/host-keys.ts';
import type { CertificateKeyAlgorithm } from '../../ports/key-store.ts';
import type { SignatureAlgorithm } from '../../ports/signer.ts';
import { onThread } from '../ffi/on-thread.ts';
import { privateBlob, spkiOfBlob } from './key-blob.ts';
import { layouts } from '../ffi/layouts.ts';
import { handleRoom, mustBeZero, type Native, numberRoom } from '../ffi/native.ts';
import { securityDescriptor } from '../files/security-descriptor.ts';
import { createSemaphore } from '../../concurrency/semaphore.ts';
import { STATUS } from '../status.ts';
import { Structure, textUpToZero } from '../ffi/structure.ts';

// ncrypt.h and bcrypt.h
const MACHINE_KEY = 0x20;
const SILENT = 0x40;
const PERSIST = 0x80000000;
const DACL_SECURITY_INFORMATION = 4;
const ALLOW_SIGNING = 2;
const EXPORT_NONE = 0;
const PAD_PKCS1 = 2;

/** Full access for SYSTEM, as which http.sys uses the key, and for administrators; nothing inherited. */
const ACCESS = 'D:P(A;;GA;;;SY)(A;;GA;;;BA)';

const MAX_SIGNATURE = 1024;

const kinds: Readonly<Record<CertificateKeyAlgorithm, { readonly name: string; readonly length: number | null }>> = {
  'ec-p256': { name: 'ECDSA_P256', length: null },
  'ec-p384': { name: 'ECDSA_P384', length: null },
  'rsa-2048': { name: 'RSA', length: 2048 },
  'rsa-3072': { name: 'RSA', length: 3072 },
  'rsa-4096': { name: 'RSA', length: 4096 },
};

const absentKey: ReadonlySet<number> = new Set([STATUS.NTE_BAD_KEYSET, STATUS.NTE_NO_KEY, STATUS.NTE_NOT_FOUND]);

export interface NativeKeys extends HostKeys {
  /**
   * Gives a software key to a provider, under the same terms as a key that it makes: it cannot be had back. True when it is new, false when an
   * equal key has the name already; a different one is replaced. Throws WindowsError.
   */
  importKey(key: HostKeyName, privateKey: KeyObject): Promise<boolean>;
}

/** Keys of key storage providers, machine scope, over the CNG key storage functions. */
export function createKeys(native: Native): NativeKeys {
  const { ncrypt, ffi } = native;
  // A provider may be a device far away. Its calls run on threads that Node's files and name look-ups need too, so that two at a time must do.
  const slots = createSemaphore(2);
  // Two handles that are finalized under one name at the same time: what comes of it is not documented.
  const names = new Map<string, Promise<void>>();

  const inTurn = async <T>({ provider, name }: HostKeyName, work: () => Promise<T>): Promise<T> => {
    const id = `${provider}/${name}`.toLowerCase();
    const before = names.get(id);
    const { promise, resolve } = Promise.withResolvers<void>();
    names.set(id, promise);
    try {
      await before;
      return await work();
    } finally {
      if (names.get(id) === promise) names.delete(id);
      resolve();
    }
  };

  const withProvider = async <T>(key: HostKeyName, work: (provider: bigint) => Promise<T>): Promise<T> => {
    if (!/^[A-Za-z0-9._-]{1,127}$/.test(key.name)) {
      throw new WindowsError('NCryptOpenKey', STATUS.NTE_INVALID_PARAMETER, { provider: key.provider });
    }
    const room = handleRoom();
    mustBeZero('NCryptOpenStorageProvider', ncrypt.NCryptOpenStorageProvider(room, key.provider, 0), {
      provider: key.provider,
    });
    const provider = room.readBigUInt64LE();
    try {
      return await work(provider);
    } finally {
      ncrypt.NCryptFreeObject(provider);
    }
  };

  /** `work` gets null when there is no such key. */
  const withKey = <T>(key: HostKeyName, work: (handle: bigint | null) => Promise<T>): Promise<T> =>
    withProvider(key, async (provider) => {
      const room = handleRoom();
      const status = ncrypt.NCryptOpenKey(provider, room, key.name, 0, MACHINE_KEY | SILENT);
      if (absentKey.has(status)) return work(null);
      mustBeZero('NCryptOpenKey', status, { provider: key.provider });
      const handle = room.readBigUInt64LE();
      try {
        return await work(handle);
      } finally {
        ncrypt.NCryptFreeObject(handle);
      }
    });

  const setProperty = (handle: bigint, name: string, value: Buffer, flags: number): number =>
    ncrypt.NCryptSetProperty(handle, name, value, value.length, flags);

  const make = (
    key: HostKeyName,
    algorithm: CertificateKeyAlgorithm,
    material: { type: string; octets: Buffer } | null,
  ) =>
    inTurn(key, () =>
      withProvider(key, async (provider) => {
        const details = { provider: key.provider, algorithm };
        const { name, length } = kinds[algorithm];
        const room = handleRoom();
        mustBeZero(
          'NCryptCreatePersistedKey',
          ncrypt.NCryptCreatePersistedKey(provider, room, name, key.name, 0, MACHINE_KEY),
          details,
        );
        const handle = room.readBigUInt64LE();
        try {
          const set = (property: string, value: Buffer, flags: number): void =>
            mustBeZero('NCryptSetProperty', setProperty(handle, property, value, flags), { ...details, property });
          if (material !== null) set(material.type, material.octets, 0);
          else if (length !== null) set('Length', numberRoom(length), 0);
          set('Export Policy', numberRoom(EXPORT_NONE), PERSIST);
          set('Key Usage', numberRoom(ALLOW_SIGNING), PERSIST);
          protect(handle, details);
          // Until here the key is nowhere: freeing the handle is enough to undo it.
          mustBeZero(
            'NCryptFinalizeKey',
            await slots.run(() => onThread(ncrypt.NCryptFinalizeKey, [handle, SILENT])),
            details,
          );
        } finally {
          ncrypt.NCryptFreeObject(handle);
        }
      }),
    );

  // Providers whose keys are not files may know no descriptors: access is then as the device has it.
  const protect = (handle: bigint, details: Readonly<Record<string, string>>): void => {
    const property = 'Security Descr';
    const status = setProperty(
      handle,
      property,
      securityDescriptor(native, ACCESS),
      DACL_SECURITY_INFORMATION | PERSIST,
    );
    if (status !== STATUS.NTE_NOT_SUPPORTED) mustBeZero('NCryptSetProperty', status, { ...details, property });
  };

  const exportPublic = (handle: bigint): Uint8Array => {
    const group = Buffer.alloc(64);
    mustBeZero(
      'NCryptGetProperty',
      ncrypt.NCryptGetProperty(handle, 'Algorithm Group', group, group.length, numberRoom(), SILENT),
    );
    const type = textUpToZero(group) === 'RSA' ? 'RSAPUBLICBLOB' : 'ECCPUBLICBLOB';
    const blob = Buffer.alloc(4096);
    const octets = numberRoom();
    mustBeZero('NCryptExportKey', ncrypt.NCryptExportKey(handle, 0n, type, null, blob, blob.length, octets, SILENT));
    return spkiOfBlob(blob.subarray(0, octets.readUInt32LE()));
  };

  const signWith = async (handle: bigint, algorithm: SignatureAlgorithm, data: Uint8Array): Promise<Uint8Array> => {
    if (signatureOf(exportPublic(handle)) !== algorithm) {
      throw new WindowsError('NCryptSignHash', STATUS.NTE_INVALID_PARAMETER, { algorithm });
    }
    const digest = hash(algorithm === 'ES384' ? 'sha384' : 'sha256', data, 'buffer');
    const padding =
      algorithm === 'RS256'
        ? new Structure(ffi, layouts.BCRYPT_PKCS1_PADDING_INFO).pointToText('pszAlgId', 'SHA256').octets
        : null;
    const [signature, octets] = [Buffer.alloc(MAX_SIGNATURE), numberRoom()];
    const status = await slots.run(() =>
      onThread(ncrypt.NCryptSignHash, [
        handle,
        padding,
        digest,
        digest.length,
        signature,
        signature.length,
        octets,
        SILENT | (padding === null ? 0 : PAD_PKCS1),
      ]),
    );
    mustBeZero('NCryptSignHash', status, { algorithm });
    return new Uint8Array(signature.subarray(0, octets.readUInt32LE()));
  };

  const keys: NativeKeys = {
    providers: async () => {
      const [count, list] = [numberRoom(), handleRoom()];
      mustBeZero('NCryptEnumStorageProviders', ncrypt.NCryptEnumStorageProviders(count, list, SILENT));
      const address = list.readBigUInt64LE();
      try {
        const { size } = layouts.NCryptProviderName;
        const entries = native.copy(address, size * count.readUInt32LE());
        return Array.from({ length: entries.length / size }, (_, index) => {
          const entry = new Structure(ffi, layouts.NCryptProviderName, entries.subarray(index * size));
          return native.copyText(entry.uint64('pszName'));
        });
      } finally {
        ncrypt.NCryptFreeBuffer(address);
      }
    },

    create: (key, algorithm) => make(key, algorithm, null),

    publicKey: (key) => withKey(key, async (handle) => (handle === null ? null : exportPublic(handle))),

    sign: (key, algorithm, data) =>
      withKey(key, async (handle) => {
        if (handle === null) {
          throw new WindowsError('NCryptOpenKey', STATUS.NTE_BAD_KEYSET, { provider: key.provider });
        }
        return signWith(handle, algorithm, data);
      }),

    remove: (key) =>
      inTurn(key, () =>
        withProvider(key, async (provider) => {
          const room = handleRoom();
          const status = ncrypt.NCryptOpenKey(provider, room, key.name, 0, MACHINE_KEY | SILENT);
          if (absentKey.has(status)) return;
          mustBeZero('NCryptOpenKey', status, { provider: key.provider });
          const handle = room.readBigUInt64LE();
          const deleted = ncrypt.NCryptDeleteKey(handle, SILENT);
          if (deleted === 0) return;
          ncrypt.NCryptFreeObject(handle);
          throw new WindowsError('NCryptDeleteKey', deleted, { provider: key.provider });
        }),
      ),

    importKey: async (key, privateKey) => {
      const wanted = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
      const there = await keys.publicKey(key);
      if (there !== null && wanted.equals(there)) return false;
      if (there !== null) await keys.remove(key);
      const blob = privateBlob(privateKey);
      try {
        await make(key, blob.algorithm, blob);
      } finally {
        blob.octets.fill(0);
      }
      return true;
    },
  };
  return keys;
}

function signatureOf(spki: Uint8Array): SignatureAlgorithm {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  return key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'ES384' : 'ES256';
}
