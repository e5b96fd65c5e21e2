import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder for its owner alone, with those above it that are missing. Returns the folders that have got a new
 * name in them, to be synced; none when it was there. Throws what the system answers. Node's own recursive way never
 * ends below a folder that takes none, such as /proc.
 */
export function makeFolder(path: string): readonly string[] {
  if (isFolder(path)) return [];
  const above = dirname(path);
  // A drive that is not there has nothing above it.
  const made = above === path || existsSync(above) ? [] : makeFolder(above);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Somebody else may have been quicker.
    if (isFolder(path)) return made;
    throw error;
  }
  return [...made, above];
}

/**
 * Makes the names of new files and folders in it durable. Windows needs no such thing, and has no way to ask for it.
 */
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
