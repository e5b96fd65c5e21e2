import { WindowsError } from '../../errors/error.ts';
import { handleRoom, type Native, numberRoom } from '../ffi/native.ts';
import { STATUS } from '../status.ts';

// minwinbase.h, winbase.h
const FILE_DISPOSITION_INFO = 4;
const FILE_DISPOSITION_INFO_EX = 21;
/** Removed at once even if another program has it open (FILE_DISPOSITION_FLAG_POSIX_SEMANTICS) or it is read-only. */
const DELETE_AT_ONCE = 1 | 2 | 0x10;

/** The content of an open file. Throws WindowsError, 223 when it is larger than `maxBytes`. */
export function readFile(native: Native, handle: bigint, maxBytes: number): Uint8Array {
  const { kernel32 } = native;
  const size = handleRoom();
  if (kernel32.GetFileSizeEx(handle, size) === 0) throw native.lastError('GetFileSizeEx');
  if (size.readBigUInt64LE() > BigInt(maxBytes)) throw new WindowsError('ReadFile', STATUS.FILE_TOO_LARGE);
  const octets = Buffer.alloc(Number(size.readBigUInt64LE()));
  const count = numberRoom();
  let length = 0;
  while (length < octets.length) {
    const rest = octets.subarray(length);
    if (kernel32.ReadFile(handle, rest, rest.length, count, null) === 0) throw native.lastError('ReadFile');
    if (count.readUInt32LE() === 0) break;
    length += count.readUInt32LE();
  }
  return new Uint8Array(octets.subarray(0, length));
}

/** Replaces the content of an open file. */
export function writeFile(native: Native, handle: bigint, octets: Uint8Array): void {
  const { kernel32 } = native;
  const count = numberRoom();
  for (let length = 0; length < octets.length; length += count.readUInt32LE()) {
    const rest = octets.subarray(length);
    if (kernel32.WriteFile(handle, rest, rest.length, count, null) === 0) throw native.lastError('WriteFile');
  }
  if (kernel32.SetEndOfFile(handle) === 0) throw native.lastError('SetEndOfFile');
}

/** Removes an open file or empty folder, at the latest when its handle is closed. */
export function removeFile(native: Native, handle: bigint): void {
  const { kernel32 } = native;
  const call = 'SetFileInformationByHandle';
  if (kernel32[call](handle, FILE_DISPOSITION_INFO_EX, numberRoom(DELETE_AT_ONCE), 4) !== 0) return;
  const error = native.lastError(call);
  if (!unknownToThisWindows.has(error.status)) throw error;
  if (kernel32[call](handle, FILE_DISPOSITION_INFO, Buffer.from([1]), 1) === 0) throw native.lastError(call);
}

const unknownToThisWindows: ReadonlySet<number> = new Set([
  STATUS.INVALID_FUNCTION,
  STATUS.NOT_SUPPORTED,
  STATUS.INVALID_PARAMETER,
  STATUS.CALL_NOT_IMPLEMENTED,
]);
