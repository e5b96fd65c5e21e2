import { isatty } from 'node:tty';
import type { RanAs } from '../../../src/selftest/result-file.ts';
import { isAdministrator } from '../../../src/windows/administrator.ts';
import { layouts } from '../../../src/windows/ffi/layouts.ts';
import { handleRoom, type Native, numberRoom } from '../../../src/windows/ffi/native.ts';
import { Structure } from '../../../src/windows/ffi/structure.ts';
import type { NameHider } from '../name-hider.ts';

// winnt.h
const CURRENT_PROCESS = 0xffff_ffff_ffff_ffffn;
const TOKEN_QUERY = 8;
const TOKEN_USER = 1;
const TOKEN_SESSION_ID = 12;
const TOKEN_INTEGRITY_LEVEL = 25;

/** As whom this process runs. The SID of a person is hidden. */
export function ranAs(native: Native, { hide }: NameHider): RanAs {
  const { advapi32, kernel32 } = native;
  const room = handleRoom();
  if (advapi32.OpenProcessToken(CURRENT_PROCESS, TOKEN_QUERY, room) === 0) throw native.lastError('OpenProcessToken');
  const token = room.readBigUInt64LE();
  try {
    const sid = sidOf(native, token, TOKEN_USER);
    const integrity = sidOf(native, token, TOKEN_INTEGRITY_LEVEL)?.split('-').at(-1);
    const session = numberRoom();
    const told = advapi32.GetTokenInformation(token, TOKEN_SESSION_ID, session, session.length, numberRoom());
    return {
      sid: sid === null || /^S-1-5-\d{1,2}$/.test(sid) ? sid : hide(sid),
      elevated: isAdministrator(native),
      integrity: integrity === undefined ? null : Number(integrity),
      session: told === 0 ? null : session.readUInt32LE(),
      console: isatty(1),
    };
  } finally {
    kernel32.CloseHandle(token);
  }
}

function sidOf(native: Native, token: bigint, kind: number): string | null {
  const { advapi32, kernel32, ffi } = native;
  const octets = Buffer.alloc(layouts.SID_AND_ATTRIBUTES.size + 68);
  if (advapi32.GetTokenInformation(token, kind, octets, octets.length, numberRoom()) === 0) return null;
  const text = handleRoom();
  const sid = new Structure(ffi, layouts.SID_AND_ATTRIBUTES, octets).uint64('Sid');
  if (advapi32.ConvertSidToStringSidW(sid, text) === 0) return null;
  const address = text.readBigUInt64LE();
  try {
    return native.copyText(address);
  } finally {
    kernel32.LocalFree(address);
  }
}
