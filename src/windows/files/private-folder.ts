import { lstatSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EverbindError } from '../../errors/error.ts';
import { isAdministrator } from '../administrator.ts';
import { accessProblem, changeProblem } from './folder-access.ts';
import { layouts } from '../ffi/layouts.ts';
import { handleRoom, loadNative, mustBeZero, type Native, numberRoom } from '../ffi/native.ts';
import { securityDescriptor } from './security-descriptor.ts';
import { STATUS } from '../status.ts';
import { Structure } from '../ffi/structure.ts';

// accctrl.h, winnt.h, sddl.h
const SE_FILE_OBJECT = 1;
const OWNER_AND_DACL = 5;
const SDDL_REVISION_1 = 1;
const CURRENT_PROCESS = 0xffff_ffff_ffff_ffffn;
const TOKEN_QUERY = 8;
const TOKEN_USER = 1;

// The group. Without it a folder may belong to the account that made it (the default owner of a token differs from
// server to server), which says nothing about who that is to the next one that runs here, such as SYSTEM.
const OWNER = 'O:BA';

/**
 * Full access for SYSTEM and administrators, inherited by what is made inside; nothing is inherited from the folder
 * above.
 */
const ACCESS = 'D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)';

/**
 * Makes a folder that only SYSTEM, administrators and this account can enter, private from the moment it exists. A
 * folder that is there already must be so, and nobody else may change the files in it: in %ProgramData% everybody may
 * make one, with a configuration in it that we would then obey. Throws STORE_EXPOSED, WindowsError.
 */
export async function ensurePrivateFolder(path: string, native?: Native): Promise<void> {
  ensureWith(native ?? (await loadNative()), path);
}

/** What is obeyed, or holds what is obeyed. */
const FILES = ['everbind.yaml', 'everbind.db', 'everbind.db-wal', 'everbind.db-shm', 'master.key'] as const;

function ensureWith(native: Native, path: string): void {
  if (create(native, path)) return;
  // A junction leads wherever its maker wants.
  const problem = lstatSync(path).isDirectory()
    ? accessProblem(descriptionOf(native, path), ownSid(native))
    : 'it is a link or no folder';
  if (problem !== null) {
    throw new EverbindError('STORE_EXPOSED', `the folder ${path} is not private: ${problem}`, { path, problem });
  }
  // The folder may have been open to others when they were made, and a file may have an access list of its own.
  for (const file of FILES.map((name) => join(path, name))) refuseChangeable(native, file);
}

function refuseChangeable(native: Native, file: string): void {
  const facts = lstatSync(file, { throwIfNoEntry: false });
  if (facts === undefined) return;
  const problem = facts.isFile()
    ? changeProblem(descriptionOf(native, file), ownSid(native))
    : 'it is a link or no file';
  if (problem === null) return;
  throw new EverbindError('STORE_EXPOSED', `others can change ${file}: ${problem}`, { path: file, problem });
}

/** False when something of that name exists. */
function create(native: Native, path: string): boolean {
  mkdirSync(dirname(path), { recursive: true });
  // Without the rights of an administrator this account would lock itself out.
  const access = isAdministrator(native) ? `${OWNER}${ACCESS}` : `${ACCESS}(A;OICI;FA;;;${ownSid(native)})`;
  const { size } = layouts.SECURITY_ATTRIBUTES;
  const attributes = new Structure(native.ffi, layouts.SECURITY_ATTRIBUTES)
    .setUint32('nLength', size)
    .point('lpSecurityDescriptor', securityDescriptor(native, access));
  if (native.kernel32.CreateDirectoryW(path, attributes.octets) !== 0) return true;
  const error = native.lastError('CreateDirectoryW');
  if (error.status === STATUS.ALREADY_EXISTS) return false;
  throw error;
}

/** Owner and access list in the security descriptor definition language. */
function descriptionOf(native: Native, path: string): string {
  const { advapi32, kernel32 } = native;
  const room = handleRoom();
  mustBeZero(
    'GetNamedSecurityInfoW',
    advapi32.GetNamedSecurityInfoW(path, SE_FILE_OBJECT, OWNER_AND_DACL, null, null, null, null, room),
  );
  const descriptor = room.readBigUInt64LE();
  try {
    const text = handleRoom();
    const done = advapi32.ConvertSecurityDescriptorToStringSecurityDescriptorW(
      descriptor,
      SDDL_REVISION_1,
      OWNER_AND_DACL,
      text,
      null,
    );
    if (done === 0) throw native.lastError('ConvertSecurityDescriptorToStringSecurityDescriptorW');
    return takeText(native, text);
  } finally {
    kernel32.LocalFree(descriptor);
  }
}

/** The account that this process runs as. */
function ownSid(native: Native): string {
  const { advapi32, kernel32 } = native;
  const room = handleRoom();
  if (advapi32.OpenProcessToken(CURRENT_PROCESS, TOKEN_QUERY, room) === 0) throw native.lastError('OpenProcessToken');
  const token = room.readBigUInt64LE();
  try {
    // TOKEN_USER and the SID that it points to, of 68 octets at most.
    const user = new Structure(
      native.ffi,
      layouts.SID_AND_ATTRIBUTES,
      Buffer.alloc(layouts.SID_AND_ATTRIBUTES.size + 68),
    );
    const { octets } = user;
    if (advapi32.GetTokenInformation(token, TOKEN_USER, octets, octets.length, numberRoom()) === 0) {
      throw native.lastError('GetTokenInformation');
    }
    const text = handleRoom();
    if (advapi32.ConvertSidToStringSidW(user.uint64('Sid'), text) === 0)
      throw native.lastError('ConvertSidToStringSidW');
    return takeText(native, text);
  } finally {
    kernel32.CloseHandle(token);
  }
}

/** A text that a call allocated for us. */
function takeText(native: Native, room: Buffer): string {
  const address = room.readBigUInt64LE();
  try {
    return native.copyText(address);
  } finally {
    native.kernel32.LocalFree(address);
  }
}
