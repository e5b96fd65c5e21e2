import { mkdir, stat } from 'node:fs/promises';
import { win32 } from 'node:path';
import { WindowsError } from '../../errors/error.ts';
import type { SiteFiles } from '../../ports/windows-host.ts';
import { readFile, removeFile, writeFile } from './file-calls.ts';
import type { Native } from '../ffi/native.ts';
import { isFolder, refuseLinks, type SitePlace, withObject } from './site-object.ts';
import { STATUS } from '../status.ts';
import { expandVariables } from './variables.ts';

// Node's error codes, back to the Win32 codes that they stand for.
const statuses: Readonly<Record<string, number>> = {
  EACCES: STATUS.ACCESS_DENIED,
  EBUSY: STATUS.SHARING_VIOLATION,
  EEXIST: STATUS.ALREADY_EXISTS,
  EINVAL: STATUS.INVALID_NAME,
  EISDIR: STATUS.ACCESS_DENIED,
  ENOENT: STATUS.PATH_NOT_FOUND,
  ENOTDIR: STATUS.PATH_NOT_FOUND,
  EPERM: STATUS.ACCESS_DENIED,
};

/** Files of sites, with the rights of this process. IIS resolves relative paths against the folder `inetsrv`. */
export function createSiteFiles(native: Native): SiteFiles {
  const locate = (path: string): string => {
    const expanded = expandVariables(path);
    if (path === '' || expanded.includes('\0')) throw new WindowsError('path', STATUS.INVALID_NAME);
    return win32.resolve(`${native.ffi.systemFolder}\\inetsrv`, expanded);
  };
  const placeOf = (path: string, root?: string): SitePlace => ({
    path: locate(path),
    root: root === undefined ? null : locate(root),
  });
  return {
    read: async (path, maxBytes, root) => {
      const place = placeOf(path, root);
      return unlessAbsent(null, () =>
        withObject(native, place, 'read', (handle) => readFile(native, handle, maxBytes)),
      );
    },

    write: async (path, octets, root) => {
      const place = placeOf(path, root);
      refuseLinks(native, place);
      const made = await translated('CreateDirectory', path, () => makeFolders(win32.dirname(place.path)));
      writeTo(native, place, octets);
      return made;
    },

    removeFile: async (path, root) => {
      const place = placeOf(path, root);
      unlessAbsent(null, () => withObject(native, place, 'remove', (handle) => removeFile(native, handle)));
    },

    removeEmptyFolder: async (path, root) => {
      const place = placeOf(path, root);
      if (isFolder(native, place.path) !== true) return false;
      try {
        return unlessAbsent(false, () =>
          withObject(native, place, 'remove-folder', (handle) => {
            removeFile(native, handle);
            return true;
          }),
        );
      } catch (error) {
        if (error instanceof WindowsError && error.status === STATUS.DIR_NOT_EMPTY) return false;
        throw error;
      }
    },
  };
}

function writeTo(native: Native, place: SitePlace, octets: Uint8Array): void {
  const write = (handle: bigint): void => writeFile(native, handle, octets);
  try {
    withObject(native, place, 'create', write);
  } catch (error) {
    if (!(error instanceof WindowsError) || error.status !== STATUS.FILE_EXISTS) throw error;
    withObject(native, place, 'write', write);
  }
}

function unlessAbsent<T>(absent: T, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const status = error instanceof WindowsError ? error.status : null;
    if (status === STATUS.FILE_NOT_FOUND || status === STATUS.PATH_NOT_FOUND) return absent;
    throw error;
  }
}

/** Makes the missing folders of a path and returns them, outermost first. */
async function makeFolders(folder: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (let current = folder; ; current = win32.dirname(current)) {
    const found = await stat(current).catch(unless(['ENOENT']));
    if (found !== null && !found.isDirectory()) {
      throw new WindowsError('CreateDirectory', STATUS.PATH_NOT_FOUND, { path: folder });
    }
    if (found !== null || win32.dirname(current) === current) break;
    missing.unshift(current);
  }
  const made: string[] = [];
  for (const path of missing) {
    // Another program may make it at the same time; then it is not ours to remove.
    if ((await mkdir(path).catch(unless(['EEXIST']))) !== null) made.push(path);
  }
  return made;
}

/** Turns these failures into null and rethrows all others. */
function unless(codes: readonly string[]): (error: NodeJS.ErrnoException) => null {
  return (error) => {
    if (codes.includes(error.code ?? '')) return null;
    throw error;
  };
}

async function translated<T>(call: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (error instanceof WindowsError || !/^E[A-Z0-9]+$/.test(code)) throw error;
    throw new WindowsError(call, statuses[code] ?? STATUS.GEN_FAILURE, { path: path.slice(0, 300), code });
  }
}
