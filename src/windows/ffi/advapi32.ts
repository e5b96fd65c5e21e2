import type { Ffi, Pointer } from './load.ts';

export type Advapi32 = ReturnType<typeof advapi32>;

/** advapi32.dll: registry, security identifiers and descriptors. */
export function advapi32(ffi: Ffi) {
  const library = ffi.open('advapi32');
  return {
    /** Returns a Win32 status. */
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
    /** Returns a Win32 status. */
    RegOpenKeyExW: library.func<
      (key: bigint, subKey: string, options: number, access: number, opened: Uint8Array) => number
    >('uint32_t __stdcall RegOpenKeyExW(uintptr_t key, str16 subKey, uint32_t options, uint32_t access, void *opened)'),
    /** Returns a Win32 status. `units` counts UTF-16 units, `octets` octets. */
    RegEnumValueW: library.func<
      (
        key: bigint,
        index: number,
        name: Uint8Array,
        units: Uint8Array,
        reserved: null,
        type: Uint8Array,
        data: Uint8Array,
        octets: Uint8Array,
      ) => number
    >(
      'uint32_t __stdcall RegEnumValueW(uintptr_t key, uint32_t index, void *name, void *units, void *reserved, void *type, void *data, void *octets)',
    ),
    RegCloseKey: library.func<(key: bigint) => number>('uint32_t __stdcall RegCloseKey(uintptr_t key)'),
    ConvertStringSidToSidW: library.func<(text: string, sid: Uint8Array) => number>(
      'int32_t __stdcall ConvertStringSidToSidW(str16 text, void *sid)',
    ),
    CheckTokenMembership: library.func<(token: null, sid: bigint, isMember: Uint8Array) => number>(
      'int32_t __stdcall CheckTokenMembership(void *token, void *sid, void *isMember)',
    ),
    OpenProcessToken: library.func<(process: bigint, access: number, token: Uint8Array) => number>(
      'int32_t __stdcall OpenProcessToken(uintptr_t process, uint32_t access, void *token)',
    ),
    GetTokenInformation: library.func<
      (token: bigint, kind: number, information: Uint8Array, room: number, octets: Uint8Array) => number
    >(
      'int32_t __stdcall GetTokenInformation(void *token, int32_t kind, void *information, uint32_t room, void *octets)',
    ),
    ConvertSidToStringSidW: library.func<(sid: bigint, text: Uint8Array) => number>(
      'int32_t __stdcall ConvertSidToStringSidW(void *sid, void *text)',
    ),
    /** Returns a Win32 status. */
    GetNamedSecurityInfoW: library.func<
      (
        name: string,
        type: number,
        information: number,
        owner: null,
        group: null,
        dacl: null,
        sacl: null,
        descriptor: Uint8Array,
      ) => number
    >(
      'uint32_t __stdcall GetNamedSecurityInfoW(str16 name, int32_t type, uint32_t information, void *owner, void *group, void *dacl, void *sacl, void *descriptor)',
    ),
    ConvertSecurityDescriptorToStringSecurityDescriptorW: library.func<
      (descriptor: bigint, revision: number, information: number, text: Uint8Array, length: null) => number
    >(
      'int32_t __stdcall ConvertSecurityDescriptorToStringSecurityDescriptorW(void *descriptor, uint32_t revision, uint32_t information, void *text, void *length)',
    ),
    ConvertStringSecurityDescriptorToSecurityDescriptorW: library.func<
      (text: string, revision: number, descriptor: Uint8Array, octets: Uint8Array) => number
    >(
      'int32_t __stdcall ConvertStringSecurityDescriptorToSecurityDescriptorW(str16 text, uint32_t revision, void *descriptor, void *octets)',
    ),
  };
}
