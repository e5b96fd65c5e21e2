import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { syncFolder } from './folders.ts';

const KEPT_COPIES = 3;

/**
 * Copies the last committed state of the database to `NAME.before-TIME` beside it, private from the start and synced,
 * and keeps the last three copies. It opens a connection of its own. The caller's connection holds the lock, so that
 * nothing changes between the copy and the migration.
 */
export function keepCopy(path: string, now: number): void {
  const folder = dirname(path);
  const prefix = `${basename(path)}.before-`;
  // It gets its name once it is whole: half a copy must not push out a whole one.
  const unfinished = `${path}.copying`;
  rmSync(unfinished, { force: true });
  closeSync(openSync(unfinished, 'wx', 0o600));
  copyTo(path, unfinished);
  sync(unfinished);
  renameSync(unfinished, join(folder, `${prefix}${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}`));
  syncFolder(folder);
  const copies = readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .sort();
  for (const old of copies.slice(0, -KEPT_COPIES)) rmSync(join(folder, old));
}

function copyTo(path: string, copy: string): void {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  try {
    db.prepare('VACUUM INTO ?').run(copy);
  } finally {
    db.close();
  }
}

function sync(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
