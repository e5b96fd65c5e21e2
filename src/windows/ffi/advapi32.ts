import type { Ffi, Pointer } from './load.ts';

export type Advapi32 = ReturnType<typeof advapi32>;

/** advapi32.dll: registry, security identifiers and descriptors. */
export function advapi32(ffi: Ffi) {
  const library = ffi.open('advapi32');
  return {
    /** Answers a Win32 status. */
    RegGetValueW: library.func<
      (
        key: bigint,
        subKey: string,
        value: string,
        flags: number,
        type: Pointer,
        data: Pointer,
        octets: Uint8Array,
      ) => number
    >(
      'uint32_t __stdcall RegGetValueW(uintptr_t key, str16 subKey, str16 value, uint32_t flags, void *type, void *data, void *octets)',
    ),
    ConvertStringSidToSidW: library.func<(text: string, sid: Uint8Array) => number>(
      'int32_t __stdcall ConvertStringSidToSidW(str16 text, void *sid)',
    ),
    CheckTokenMembership: library.func<(token: null, sid: bigint, isMember: Uint8Array) => number>(
      'int32_t __stdcall CheckTokenMembership(void *token, void *sid, void *isMember)',
    ),
    ConvertStringSecurityDescriptorToSecurityDescriptorW: library.func<
      (text: string, revision: number, descriptor: Uint8Array, octets: Uint8Array) => number
    >(
      'int32_t __stdcall ConvertStringSecurityDescriptorToSecurityDescriptorW(str16 text, uint32_t revision, void *descriptor, void *octets)',
    ),
  };
}
