import { WindowsError } from '../errors/error.ts';
import { handleRoom, mustBeZero, type Native, numberRoom } from './ffi/native.ts';
import { STATUS } from './status.ts';

// (HKEY)(ULONG_PTR)(LONG)0x80000002 of winreg.h: sign-extended.
const HKEY_LOCAL_MACHINE = 0xffffffff80000002n;
const RRF_RT_REG_DWORD = 0x10;
// winnt.h.
const KEY_QUERY_VALUE = 1;
const REG_SZ = 1;
// Of a value's name, in UTF-16 units with the zero, by the documented limits of the registry.
const MAX_NAME = 16_384;
const MAX_TEXT_OCTETS = 65_536;
const MAX_VALUES = 50_000;

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

/**
 * Every text (REG_SZ) directly below a key of HKEY_LOCAL_MACHINE, without its name; none when there is no such key.
 * null for one that is too long. Throws WindowsError: 234 when there are too many as well.
 */
export function registryTexts({ advapi32 }: Native, key: string): readonly (string | null)[] {
  const room = handleRoom();
  const opened = advapi32.RegOpenKeyExW(HKEY_LOCAL_MACHINE, key, 0, KEY_QUERY_VALUE, room);
  if (opened === STATUS.FILE_NOT_FOUND) return [];
  mustBeZero('RegOpenKeyExW', opened, { key });
  const handle = room.readBigUInt64LE();
  const [name, type, data] = [Buffer.alloc(MAX_NAME * 2), numberRoom(), Buffer.alloc(MAX_TEXT_OCTETS)];
  const texts: (string | null)[] = [];
  try {
    for (let index = 0; index < MAX_VALUES; index += 1) {
      const octets = numberRoom(data.length);
      const status = advapi32.RegEnumValueW(handle, index, name, numberRoom(MAX_NAME), null, type, data, octets);
      if (status === STATUS.NO_MORE_ITEMS) return texts;
      if (status !== STATUS.MORE_DATA) mustBeZero('RegEnumValueW', status, { key });
      if (type.readUInt32LE() !== REG_SZ) continue;
      const text = data.toString('utf16le', 0, octets.readUInt32LE() & ~1);
      texts.push(status === STATUS.MORE_DATA ? null : text.replace(/\0.*$/s, ''));
    }
    throw new WindowsError('RegEnumValueW', STATUS.MORE_DATA, { key });
  } finally {
    advapi32.RegCloseKey(handle);
  }
}
