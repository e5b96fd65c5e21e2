import type { Ffi, Pointer } from './load.ts';

export type Kernel32 = ReturnType<typeof kernel32>;

/**
 * kernel32.dll: https://learn.microsoft.com/windows/win32/api/ (winbase.h, errhandlingapi.h, ioapiset.h).
 */
export function kernel32(ffi: Ffi) {
  const library = ffi.open('kernel32');
  return {
    /**
     * The status of the last call that reported only that it failed. koffi keeps it from one native call to the next.
     */
    GetLastError: library.func<() => number>('uint32_t __stdcall GetLastError()'),
    RtlMoveMemory: library.func<(to: Uint8Array, from: bigint, length: number) => void>(
      'void __stdcall RtlMoveMemory(void *to, void *from, size_t length)',
    ),
    lstrlenW: library.func<(text: bigint) => number>('int32_t __stdcall lstrlenW(void *text)'),
    LocalFree: library.func<(memory: bigint) => bigint | null>('void *__stdcall LocalFree(void *memory)'),
    CreateEventW: library.func<(security: null, manualReset: number, initial: number, name: null) => bigint | null>(
      'void *__stdcall CreateEventW(void *security, int32_t manualReset, int32_t initial, void *name)',
    ),
    CreateDirectoryW: library.func<(path: string, security: Uint8Array) => number>(
      'int32_t __stdcall CreateDirectoryW(str16 path, void *security)',
    ),
    CreateFileW: library.func<
      (
        path: string,
        access: number,
        share: number,
        security: null,
        disposition: number,
        flags: number,
        template: null,
      ) => bigint | null
    >(
      'void *__stdcall CreateFileW(str16 path, uint32_t access, uint32_t share, void *security, uint32_t disposition, uint32_t flags, void *template)',
    ),
    GetFileAttributesW: library.func<(path: string) => number>('uint32_t __stdcall GetFileAttributesW(str16 path)'),
    GetFileType: library.func<(file: bigint) => number>('uint32_t __stdcall GetFileType(void *file)'),
    GetFileSizeEx: library.func<(file: bigint, size: Uint8Array) => number>(
      'int32_t __stdcall GetFileSizeEx(void *file, void *size)',
    ),
    GetFinalPathNameByHandleW: library.func<
      (file: bigint, path: Uint8Array, characters: number, flags: number) => number
    >('uint32_t __stdcall GetFinalPathNameByHandleW(void *file, void *path, uint32_t characters, uint32_t flags)'),
    ReadFile: library.func<
      (file: bigint, octets: Uint8Array, length: number, read: Uint8Array, overlapped: null) => number
    >('int32_t __stdcall ReadFile(void *file, void *octets, uint32_t length, void *read, void *overlapped)'),
    WriteFile: library.func<
      (file: bigint, octets: Uint8Array, length: number, written: Uint8Array, overlapped: null) => number
    >('int32_t __stdcall WriteFile(void *file, void *octets, uint32_t length, void *written, void *overlapped)'),
    SetEndOfFile: library.func<(file: bigint) => number>('int32_t __stdcall SetEndOfFile(void *file)'),
    SetFileInformationByHandle: library.func<
      (file: bigint, kind: number, information: Uint8Array, length: number) => number
    >('int32_t __stdcall SetFileInformationByHandle(void *file, int32_t kind, void *information, uint32_t length)'),
    CloseHandle: library.func<(handle: bigint) => number>('int32_t __stdcall CloseHandle(void *handle)'),
    GetOverlappedResult: library.func<
      (file: bigint, overlapped: Uint8Array, transferred: Uint8Array, wait: number) => number
    >('int32_t __stdcall GetOverlappedResult(void *file, void *overlapped, void *transferred, int32_t wait)'),
    CancelIoEx: library.func<(file: bigint, overlapped: Pointer) => number>(
      'int32_t __stdcall CancelIoEx(void *file, void *overlapped)',
    ),
  };
}
