import { closeSync, fsyncSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const KEPT_COPIES = 3;

/**
 * Copies the database as it was committed last to `NAME.before-TIME` beside it, private from the start and synced; keeps the last three
 * copies. A connection of its own: the caller's holds the lock, so that nothing changes between the copy and the migration.
 */
export function keepCopy(path: string, now: number): void {
  const prefix = `${basename(path)}.before-`;
  const copy = join(dirname(path), `${prefix}${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}`);
  closeSync(openSync(copy, 'wx', 0o600));
  try {
    const db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    try {
      db.prepare('VACUUM INTO ?').run(copy);
    } finally {
      db.close();
    }
    const file = openSync(copy, 'r+');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    // Half a copy must not push out a whole one.
    rmSync(copy, { force: true });
    throw error;
  }
  const copies = readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix))
    .sort();
  for (const old of copies.slice(0, -KEPT_COPIES)) rmSync(join(dirname(path), old));
}
