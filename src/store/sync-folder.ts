import { closeSync, fsyncSync, openSync } from 'node:fs';

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
