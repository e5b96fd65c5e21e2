import { WindowsError } from '../../errors/error.ts';
import type { HostKeyName } from '../../ports/host-keys.ts';
import { handleRoom, mustBeZero, type Native } from '../ffi/native.ts';
import { STATUS } from '../status.ts';

/** The provider that every Windows has. */
export const SOFTWARE_PROVIDER = 'Microsoft Software Key Storage Provider';

/** Flags of NCrypt functions (ncrypt.h): the key is the machine's, and no provider may show a window. */
export const MACHINE_KEY = 0x20;
export const SILENT = 0x40;

const absentKey: ReadonlySet<number> = new Set([STATUS.NTE_BAD_KEYSET, STATUS.NTE_NO_KEY, STATUS.NTE_NOT_FOUND]);

/** Opens the key's provider for the time of `work`. Throws WindowsError, 0x80090027 for what cannot name a key. */
export async function withProvider<T>(
  { ncrypt }: Native,
  key: HostKeyName,
  work: (provider: bigint) => Promise<T>,
): Promise<T> {
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
}

/** Opens a key for the time of `work`; null when there is none. */
export function withKey<T>(
  native: Native,
  key: HostKeyName,
  work: (handle: bigint) => T | Promise<T>,
): Promise<T | null> {
  return withProvider(native, key, async (provider) => {
    const handle = openKey(native, provider, key);
    if (handle === null) return null;
    try {
      return await work(handle);
    } finally {
      native.ncrypt.NCryptFreeObject(handle);
    }
  });
}

/** Destroys a key. Absent is no error. */
export function deleteKey(native: Native, key: HostKeyName): Promise<void> {
  return withProvider(native, key, async (provider) => {
    const handle = openKey(native, provider, key);
    if (handle === null) return;
    const status = native.ncrypt.NCryptDeleteKey(handle, SILENT);
    // NCryptDeleteKey frees the handle when it succeeds, and only then.
    if (status === 0) return;
    native.ncrypt.NCryptFreeObject(handle);
    throw new WindowsError('NCryptDeleteKey', status, { provider: key.provider });
  });
}

function openKey({ ncrypt }: Native, provider: bigint, key: HostKeyName): bigint | null {
  const room = handleRoom();
  const status = ncrypt.NCryptOpenKey(provider, room, key.name, 0, MACHINE_KEY | SILENT);
  if (absentKey.has(status)) return null;
  mustBeZero('NCryptOpenKey', status, { provider: key.provider });
  return room.readBigUInt64LE();
}
