import { lstat, mkdir, open, rm, rmdir, stat } from 'node:fs/promises';
import { win32 } from 'node:path';
import { WindowsError } from '../errors/error.ts';
import type { SiteFiles } from '../ports/windows-host.ts';
import { STATUS } from './status.ts';

// What Node makes of Win32 codes, back to these.
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

/** Files of sites, with the rights of this process. `inetsrv` is the folder that IIS takes relative paths from. */
export function createSiteFiles(inetsrv: string): SiteFiles {
  const locate = (path: string): string => {
    const expanded = expandVariables(path);
    if (path === '' || expanded.includes('\0')) throw new WindowsError('path', STATUS.INVALID_NAME);
    return win32.resolve(inetsrv, expanded);
  };
  return {
    read: (path, maxBytes) =>
      translated('ReadFile', path, async () => {
        const file = locate(path);
        const handle = await open(file, 'r').catch(unless(['ENOENT']));
        if (handle === null) return null;
        try {
          const found = await handle.stat();
          if (!found.isFile()) throw new WindowsError('CreateFile', STATUS.ACCESS_DENIED, { path });
          if (found.size > maxBytes) throw new WindowsError('ReadFile', STATUS.FILE_TOO_LARGE, { path });
          return new Uint8Array(await handle.readFile());
        } finally {
          await handle.close();
        }
      }),

    write: (path, octets) =>
      translated('WriteFile', path, async () => {
        const file = locate(path);
        const made = await makeFolders(win32.dirname(file));
        // Who may write to the folder could have put a link there, to have us write elsewhere.
        const there = await lstat(file).catch(unless(['ENOENT']));
        if (there !== null && !there.isFile()) throw new WindowsError('CreateFile', STATUS.ACCESS_DENIED, { path });
        const handle = await open(file, 'w');
        try {
          await handle.writeFile(octets);
        } finally {
          await handle.close();
        }
        return made;
      }),

    removeFile: (path) =>
      translated('DeleteFile', path, async () => {
        const file = locate(path);
        const there = await lstat(file).catch(unless(['ENOENT', 'ENOTDIR']));
        if (there === null) return;
        if (there.isDirectory()) throw new WindowsError('DeleteFile', STATUS.ACCESS_DENIED, { path });
        await rm(file, { force: true });
      }),

    removeEmptyFolder: (path) =>
      translated('RemoveDirectory', path, async () => {
        const folder = locate(path);
        const there = await lstat(folder).catch(unless(['ENOENT', 'ENOTDIR']));
        if (there === null || !there.isDirectory()) return false;
        return rmdir(folder).then(
          () => true,
          (error: NodeJS.ErrnoException) => {
            if (error.code === 'ENOTEMPTY' || error.code === 'ENOENT') return false;
            throw error;
          },
        );
      }),
  };
}

/** Replaces `%NAME%` by the environment's value; a variable that does not exist stays as it stands, as in Windows. */
function expandVariables(path: string): string {
  return path.replace(/%([^%]+)%/g, (whole, name: string) => process.env[name] ?? whole);
}

/** Makes what is missing of a folder's path; answers what that was, outermost first. */
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
    // Another one may make it at the same time; it is not ours to remove then.
    if ((await mkdir(path).catch(unless(['EEXIST']))) !== null) made.push(path);
  }
  return made;
}

/** Passes on every failure but these, which become null. */
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
