import { isAbsolute, resolve } from 'node:path';
import { statSync } from 'node:fs';

/** A path of the file as an absolute one. */
export function absolutePath(folder: string, path: string): string {
  return isWindowsAbsolute(path) ? path : resolve(folder, path);
}

/** Whether IIS would take it for an absolute path: `C:\…`, `\\server\share\…`, `%SystemDrive%\…`. */
export function isWindowsAbsolute(path: string): boolean {
  return /^([A-Za-z]:[\\/]|\\\\[^\\/]+\\[^\\/]|%[A-Za-z_][A-Za-z0-9_()]*%[\\/])/.test(path);
}

/** A program is named by its path, so that nobody can plant another one in a folder that is searched first. */
export function isProgramPath(path: string): boolean {
  return isAbsolute(path) || /[\\/]/.test(path);
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
