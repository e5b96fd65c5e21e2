import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder that only its owner may enter, and the missing folders above it. Returns the folders to sync, since
 * they hold a new name; none when the folder was there. Throws the system's error. Node's recursive mkdir never ends
 * below a folder in which none can be made, such as /proc.
 */
export function makeFolder(path: string): readonly string[] {
  if (isFolder(path)) return [];
  const above = dirname(path);
  // Nothing is above a drive that does not exist.
  const made = above === path || existsSync(above) ? [] : makeFolder(above);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have been quicker.
    if (isFolder(path)) return made;
    throw error;
  }
  return [...made, above];
}

/** Makes the names of new files in a folder durable. Windows does not need it, and has no call for it. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
