import type { Ffi, Pointer } from './load.ts';

export type NCrypt = ReturnType<typeof ncrypt>;

/** ncrypt.dll: key storage providers (ncrypt.h). Every function returns a SECURITY_STATUS, here unsigned. */
export function ncrypt(ffi: Ffi) {
  const library = ffi.open('ncrypt');
  return {
    NCryptEnumStorageProviders: library.func<(count: Uint8Array, list: Uint8Array, flags: number) => number>(
      'uint32_t __stdcall NCryptEnumStorageProviders(void *count, void *list, uint32_t flags)',
    ),
    NCryptFreeBuffer: library.func<(buffer: bigint) => number>('uint32_t __stdcall NCryptFreeBuffer(void *buffer)'),
    NCryptOpenStorageProvider: library.func<(provider: Uint8Array, name: string, flags: number) => number>(
      'uint32_t __stdcall NCryptOpenStorageProvider(void *provider, str16 name, uint32_t flags)',
    ),
    NCryptCreatePersistedKey: library.func<
      (provider: bigint, key: Uint8Array, algorithm: string, name: string, keySpec: number, flags: number) => number
    >(
      'uint32_t __stdcall NCryptCreatePersistedKey(uintptr_t provider, void *key, str16 algorithm, str16 name, uint32_t keySpec, uint32_t flags)',
    ),
    NCryptImportKey: library.func<
      (
        provider: bigint,
        wrapping: bigint,
        type: string,
        parameters: Uint8Array,
        key: Uint8Array,
        data: Uint8Array,
        octets: number,
        flags: number,
      ) => number
    >(
      'uint32_t __stdcall NCryptImportKey(uintptr_t provider, uintptr_t wrapping, str16 type, void *parameters, void *key, void *data, uint32_t octets, uint32_t flags)',
    ),
    NCryptOpenKey: library.func<
      (provider: bigint, key: Uint8Array, name: string, keySpec: number, flags: number) => number
    >('uint32_t __stdcall NCryptOpenKey(uintptr_t provider, void *key, str16 name, uint32_t keySpec, uint32_t flags)'),
    NCryptSetProperty: library.func<
      (object: bigint, property: string, value: Uint8Array, octets: number, flags: number) => number
    >(
      'uint32_t __stdcall NCryptSetProperty(uintptr_t object, str16 property, void *value, uint32_t octets, uint32_t flags)',
    ),
    NCryptGetProperty: library.func<
      (object: bigint, property: string, value: Pointer, room: number, octets: Uint8Array, flags: number) => number
    >(
      'uint32_t __stdcall NCryptGetProperty(uintptr_t object, str16 property, void *value, uint32_t room, void *octets, uint32_t flags)',
    ),
    NCryptFinalizeKey: library.func<(key: bigint, flags: number) => number>(
      'uint32_t __stdcall NCryptFinalizeKey(uintptr_t key, uint32_t flags)',
    ),
    NCryptExportKey: library.func<
      (
        key: bigint,
        wrapping: bigint,
        type: string,
        parameters: null,
        blob: Pointer,
        room: number,
        octets: Uint8Array,
        flags: number,
      ) => number
    >(
      'uint32_t __stdcall NCryptExportKey(uintptr_t key, uintptr_t wrapping, str16 type, void *parameters, void *blob, uint32_t room, void *octets, uint32_t flags)',
    ),
    NCryptSignHash: library.func<
      (
        key: bigint,
        padding: Pointer,
        hash: Uint8Array,
        hashOctets: number,
        signature: Uint8Array,
        room: number,
        octets: Uint8Array,
        flags: number,
      ) => number
    >(
      'uint32_t __stdcall NCryptSignHash(uintptr_t key, void *padding, void *hash, uint32_t hashOctets, void *signature, uint32_t room, void *octets, uint32_t flags)',
    ),
    /** Frees the handle when it succeeds. */
    NCryptDeleteKey: library.func<(key: bigint, flags: number) => number>(
      'uint32_t __stdcall NCryptDeleteKey(uintptr_t key, uint32_t flags)',
    ),
    NCryptFreeObject: library.func<(object: bigint) => number>('uint32_t __stdcall NCryptFreeObject(uintptr_t object)'),
  };
}
