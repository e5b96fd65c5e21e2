import { WindowsError } from '../../errors/error.ts';
import { type Advapi32, advapi32 } from './advapi32.ts';
import { type Crypt32, crypt32 } from './crypt32.ts';
import { type HttpApi, httpapi } from './httpapi.ts';
import { type Kernel32, kernel32 } from './kernel32.ts';
import { type Ffi, loadFfi } from './load.ts';
import { type NCrypt, ncrypt } from './ncrypt.ts';
import { once } from '../../concurrency/once.ts';
import { textUpToZero } from './structure.ts';

/** The libraries of Windows, each loaded at its first use, and what every caller of them needs. */
export interface Native {
  readonly ffi: Ffi;
  readonly kernel32: Kernel32;
  readonly advapi32: Advapi32;
  readonly crypt32: Crypt32;
  readonly ncrypt: NCrypt;
  readonly httpapi: HttpApi;
  /** The error of the call before this one, which reports its status by GetLastError. */
  lastError(call: string): WindowsError;
  /** A copy of memory that Windows owns. */
  copy(address: bigint, length: number): Buffer;
  /** A copy of a zero-terminated UTF-16 text that Windows owns. */
  copyText(address: bigint): string;
}

/** Throws WIN_NOT_WINDOWS. */
export async function loadNative(): Promise<Native> {
  const ffi = await loadFfi();
  const libraries = {
    kernel32: once(() => kernel32(ffi)),
    advapi32: once(() => advapi32(ffi)),
    crypt32: once(() => crypt32(ffi)),
    ncrypt: once(() => ncrypt(ffi)),
    httpapi: once(() => httpapi(ffi)),
  };
  const copy = (address: bigint, length: number): Buffer => {
    const octets = Buffer.alloc(length);
    if (length > 0) libraries.kernel32().RtlMoveMemory(octets, address, length);
    return octets;
  };
  return {
    ffi,
    get kernel32() {
      return libraries.kernel32();
    },
    get advapi32() {
      return libraries.advapi32();
    },
    get crypt32() {
      return libraries.crypt32();
    },
    get ncrypt() {
      return libraries.ncrypt();
    },
    get httpapi() {
      return libraries.httpapi();
    },
    lastError: (call) => new WindowsError(call, libraries.kernel32().GetLastError()),
    copy,
    copyText: (address) => textUpToZero(copy(address, libraries.kernel32().lstrlenW(address) * 2)),
  };
}

/** Throws WindowsError unless a call that returns a status returned 0. */
export function mustBeZero(call: string, status: number, details: Readonly<Record<string, string>> = {}): void {
  if (status !== 0) throw new WindowsError(call, status, details);
}

/** Room in which a call returns a handle, a pointer or a 64-bit number. */
export function handleRoom(): Buffer {
  return Buffer.alloc(8);
}

/** Room for a 32-bit number that a call reads or returns. */
export function numberRoom(value = 0): Buffer {
  const room = Buffer.alloc(4);
  room.writeUInt32LE(value);
  return room;
}
