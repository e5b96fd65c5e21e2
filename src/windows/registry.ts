import { WindowsError } from '../errors/error.ts';
import { type Native, numberRoom } from './ffi/native.ts';
import { STATUS } from './status.ts';

// (HKEY)(ULONG_PTR)(LONG)0x80000002 of winreg.h: sign-extended.
const HKEY_LOCAL_MACHINE = 0xffffffff80000002n;
const RRF_RT_REG_DWORD = 0x10;

/** A number below HKEY_LOCAL_MACHINE; null when there is none, or something that is no number. Throws WindowsError. */
export function registryNumber(native: Native, key: string, value: string): number | null {
  const data = numberRoom();
  const status = native.advapi32.RegGetValueW(
    HKEY_LOCAL_MACHINE,
    key,
    value,
    RRF_RT_REG_DWORD,
    null,
    data,
    numberRoom(data.length),
  );
  if (status === STATUS.FILE_NOT_FOUND || status === STATUS.UNSUPPORTED_TYPE) return null;
  if (status !== 0) throw new WindowsError('RegGetValueW', status, { key, value });
  return data.readUInt32LE();
}
