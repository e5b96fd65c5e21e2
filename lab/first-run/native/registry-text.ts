import { type Native, numberRoom } from '../../../src/windows/ffi/native.ts';
import { textUpToZero } from '../../../src/windows/ffi/structure.ts';

const HKEY_LOCAL_MACHINE = 0xffffffff80000002n;
const RRF_RT_REG_SZ = 2;

/** A text below HKEY_LOCAL_MACHINE; null when there is none, or something else. */
export function registryText(native: Native, key: string, value: string): string | null {
  const data = Buffer.alloc(1024);
  const size = numberRoom(data.length);
  const status = native.advapi32.RegGetValueW(HKEY_LOCAL_MACHINE, key, value, RRF_RT_REG_SZ, null, data, size);
  return status === 0 ? textUpToZero(data) : null;
}
