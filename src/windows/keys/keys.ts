import { createPublicKey, type KeyObject } from 'node:crypto';
import { createKeyedMutex } from '../../concurrency/keyed-mutex.ts';
import { createSemaphore } from '../../concurrency/semaphore.ts';
import { WindowsError } from '../../errors/error.ts';
import type { HostKeyName, HostKeys } from '../../ports/host-keys.ts';
import { layouts } from '../ffi/layouts.ts';
import { handleRoom, mustBeZero, type Native, numberRoom } from '../ffi/native.ts';
import { Structure } from '../ffi/structure.ts';
import { STATUS } from '../status.ts';
import { deleteKey, SILENT, withKey } from './key-handles.ts';
import { createKey, importKey } from './new-key.ts';
import { privateKeyInfo } from './private-key.ts';
import { exportPublicKey } from './public-key.ts';
import { signWith } from './sign.ts';

export interface NativeKeys extends HostKeys {
  /**
   * Gives a software key to a provider, on the terms of a key that the provider makes: it cannot be exported. True when
   * it is new, false when an equal key has the name already; a different one is replaced. After a WindowsError no part
   * of it is left behind.
   */
  importKey(key: HostKeyName, privateKey: KeyObject): Promise<boolean>;
}

/** Keys of key storage providers, machine scope, over the CNG key storage functions. */
export function createKeys(native: Native): NativeKeys {
  // A provider may be a device far away. Its calls occupy threads that Node also needs for files and name look-ups, so
  // no more than two run at a time.
  const threads = createSemaphore(2);
  const mutex = createKeyedMutex();
  // What happens when two handles are finalized under one name at the same time is not documented.
  const inTurn = <T>({ provider, name }: HostKeyName, work: () => Promise<T>): Promise<T> =>
    mutex(`${provider}/${name}`.toLowerCase(), work);
  const publicKey = (key: HostKeyName): Promise<Uint8Array | null> =>
    withKey(native, key, (handle) => exportPublicKey(native, handle));

  return {
    providers: async () => providerNames(native),

    create: (key, algorithm) => inTurn(key, () => createKey(native, threads, key, algorithm)),

    publicKey,

    sign: async (key, algorithm, data) => {
      const signature = await withKey(native, key, (handle) => signWith(native, threads, handle, algorithm, data));
      if (signature !== null) return signature;
      throw new WindowsError('NCryptOpenKey', STATUS.NTE_BAD_KEYSET, { provider: key.provider });
    },

    remove: (key) => inTurn(key, () => deleteKey(native, key)),

    importKey: (key, privateKey) =>
      inTurn(key, async () => {
        const wanted = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
        const isWanted = (found: Uint8Array | null): boolean => found !== null && wanted.equals(found);
        const before = await publicKey(key);
        if (isWanted(before)) return false;
        const pkcs8 = privateKeyInfo(privateKey);
        try {
          if (before !== null) await deleteKey(native, key);
          await importKey(native, threads, key, pkcs8);
        } catch (error) {
          // A provider may report a failure and have stored the key all the same. The first failure is the one to
          // report.
          if (isWanted(await publicKey(key).catch(() => null))) await deleteKey(native, key).catch(() => {});
          throw error;
        } finally {
          pkcs8.fill(0);
        }
        return true;
      }),
  };
}

function providerNames(native: Native): readonly string[] {
  const { ncrypt, ffi } = native;
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
}
