import { handleRoom, type Native, numberRoom } from './ffi/native.ts';

const ADMINISTRATORS = 'S-1-5-32-544';

/**
 * Whether the token of this process has the group of administrators enabled. In the token of an administrator who did
 * not elevate the group only denies access, which does not count. SYSTEM has it enabled.
 */
export function isAdministrator(native: Native): boolean {
  const { advapi32, kernel32 } = native;
  const pointer = handleRoom();
  if (advapi32.ConvertStringSidToSidW(ADMINISTRATORS, pointer) === 0) throw native.lastError('ConvertStringSidToSidW');
  const sid = pointer.readBigUInt64LE();
  try {
    const answer = numberRoom();
    if (advapi32.CheckTokenMembership(null, sid, answer) === 0) throw native.lastError('CheckTokenMembership');
    return answer.readUInt32LE() !== 0;
  } finally {
    kernel32.LocalFree(sid);
  }
}
