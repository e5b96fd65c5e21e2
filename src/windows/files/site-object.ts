import { win32 } from 'node:path';
import { WindowsError } from '../../errors/error.ts';
import { removeFile } from './file-calls.ts';
import type { Native } from '../ffi/native.ts';
import { STATUS } from '../status.ts';

// winnt.h, fileapi.h, winbase.h, minwinbase.h
const GENERIC_READ = 0x8000_0000;
const GENERIC_WRITE = 0x4000_0000;
const DELETE = 0x0001_0000;
const SHARE_ALL = 7;
const CREATE_NEW = 1;
const OPEN_EXISTING = 3;
const FLAG_BACKUP_SEMANTICS = 0x0200_0000;
const FLAG_OPEN_REPARSE_POINT = 0x0020_0000;
/** Should the path be a pipe, its owner learns nothing and can do nothing in our name (SECURITY_ANONYMOUS). */
const SECURITY_SQOS_PRESENT = 0x0010_0000;
const ATTRIBUTE_DIRECTORY = 0x10;
const ATTRIBUTE_REPARSE_POINT = 0x400;
const INVALID_FILE_ATTRIBUTES = 0xffff_ffff;
const INVALID_HANDLE = 0xffff_ffff_ffff_ffffn;
const FILE_TYPE_DISK = 1;
const VOLUME_NAME_NT = 2;

// Access, disposition, flags.
const purposes = {
  read: [GENERIC_READ, OPEN_EXISTING, 0],
  write: [GENERIC_WRITE, OPEN_EXISTING, 0],
  // DELETE: a file that was made in a wrong place is removed again.
  create: [GENERIC_WRITE | DELETE, CREATE_NEW, 0],
  remove: [DELETE, OPEN_EXISTING, 0],
  'remove-folder': [DELETE, OPEN_EXISTING, FLAG_BACKUP_SEMANTICS],
} as const;

/** An absolute path, and the folder that it must really be below; null: it may lead anywhere. */
export interface SitePlace {
  readonly path: string;
  readonly root: string | null;
}

/**
 * Works on a file or folder by a handle. Whoever may write to a web root could put a junction there, even a moment
 * after a check. So the open handle is asked for its place before anything is read, written or removed. Throws
 * WindowsError: 5 for what a link leads to.
 */
export function withObject<T>(
  native: Native,
  place: SitePlace,
  purpose: keyof typeof purposes,
  work: (handle: bigint) => T,
): T {
  const { path, root } = place;
  refuseLinks(native, place);
  const [access, disposition, flags] = purposes[purpose];
  const handle = open(native, path, access >>> 0, disposition, flags | FLAG_OPEN_REPARSE_POINT);
  try {
    if (native.kernel32.GetFileType(handle) !== FILE_TYPE_DISK) throw denied(path);
    if (root !== null) {
      const wanted = win32.join(truePathOf(native, root), win32.relative(root, path));
      if (finalPath(native, handle).toLowerCase() !== wanted.toLowerCase()) {
        if (purpose === 'create') removeFile(native, handle);
        throw denied(path);
      }
    }
    return work(handle);
  } finally {
    native.kernel32.CloseHandle(handle);
  }
}

/** Throws WindowsError 5 when the place is outside its root, or something on the way there from the root is a link. */
export function refuseLinks(native: Native, { path, root }: SitePlace): void {
  const below = win32.relative(root ?? win32.dirname(path), path);
  if (below === '..' || below.startsWith('..\\') || win32.isAbsolute(below)) throw denied(path);
  let current = root ?? win32.dirname(path);
  for (const name of below.split('\\')) {
    current = win32.join(current, name);
    const attributes = attributesOf(native, current);
    if (attributes === null) return;
    if ((attributes & ATTRIBUTE_REPARSE_POINT) !== 0) throw denied(path);
  }
}

/** Whether it is a folder; null when there is nothing. */
export function isFolder(native: Native, path: string): boolean | null {
  const attributes = attributesOf(native, path);
  return attributes === null ? null : (attributes & ATTRIBUTE_DIRECTORY) !== 0;
}

function open(native: Native, path: string, access: number, disposition: number, flags: number): bigint {
  const handle = native.kernel32.CreateFileW(
    win32.toNamespacedPath(path),
    access,
    SHARE_ALL,
    null,
    disposition,
    flags | SECURITY_SQOS_PRESENT,
    null,
  );
  if (handle === null || BigInt.asUintN(64, handle) === INVALID_HANDLE) throw native.lastError('CreateFileW');
  return handle;
}

/** The path of a folder once all links are followed. */
function truePathOf(native: Native, folder: string): string {
  const handle = open(native, folder, 0, OPEN_EXISTING, FLAG_BACKUP_SEMANTICS);
  try {
    return finalPath(native, handle);
  } finally {
    native.kernel32.CloseHandle(handle);
  }
}

function finalPath(native: Native, handle: bigint): string {
  const room = Buffer.alloc(2 * 32_768);
  const length = native.kernel32.GetFinalPathNameByHandleW(handle, room, room.length / 2, VOLUME_NAME_NT);
  if (length === 0 || length > room.length / 2) throw native.lastError('GetFinalPathNameByHandleW');
  return room.toString('utf16le', 0, length * 2);
}

function attributesOf(native: Native, path: string): number | null {
  const attributes = native.kernel32.GetFileAttributesW(win32.toNamespacedPath(path));
  if (attributes !== INVALID_FILE_ATTRIBUTES) return attributes;
  const error = native.lastError('GetFileAttributesW');
  if (error.status === STATUS.FILE_NOT_FOUND || error.status === STATUS.PATH_NOT_FOUND) return null;
  throw error;
}

function denied(path: string): WindowsError {
  return new WindowsError('CreateFileW', STATUS.ACCESS_DENIED, { path: path.slice(0, 300) });
}
