import { isAbsolute, resolve } from 'node:path';
import { statSync } from 'node:fs';

/** Makes a path of the file absolute. */
export function absolutePath(folder: string, path: string): string {
  return isWindowsAbsolute(path) ? path : resolve(folder, path);
}

/** Whether Windows has this as an absolute path: `C:\…`, `\\server\share\…`, `%SystemDrive%\…`. */
export function isWindowsAbsolute(path: string): boolean {
  return /^([A-Za-z]:[\\/]|\\\\[^\\/]+\\[^\\/]|%[A-Za-z_][A-Za-z0-9_()]*%[\\/])/.test(path);
}

/** Programs must be named by a path: an attacker could plant a bare name in a folder that is searched first. */
export function isProgramPath(path: string): boolean {
  return isAbsolute(path) || /[\\/]/.test(path);
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
