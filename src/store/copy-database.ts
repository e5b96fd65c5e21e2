import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { storeFailure } from './failure.ts';

/** Writes a consistent copy of a database, private from the start, also while another process writes to the original. */
export function copyDatabase(from: string, to: string): void {
  try {
    closeSync(openSync(to, 'wx', 0o600));
    const db = new DatabaseSync(from, { readOnly: true, timeout: 5000 });
    try {
      db.prepare('VACUUM INTO ?').run(to);
    } finally {
      db.close();
    }
  } catch (error) {
    throw storeFailure(error, from);
  }
}
