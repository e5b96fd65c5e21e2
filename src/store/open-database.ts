import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EverbindError } from '../errors/error.ts';
import { migrate, pendingMigrations } from './migrations.ts';

const KEPT_COPIES = 3;

/**
 * Opens the database: write-ahead log, every commit synced, foreign keys. File and folder are private from the moment they exist; SQLite
 * gives its -wal and -shm files the mode of the database. A copy is kept before an existing database is migrated.
 */
export function openDatabase(path: string, readOnly: boolean): DatabaseSync {
  if (!existsSync(path)) {
    if (readOnly) throw new EverbindError('STORE_NOT_FOUND', `there is no ${path}`, { path });
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
  }
  const db = new DatabaseSync(path, { readOnly, timeout: 5000, enableForeignKeyConstraints: true });
  try {
    if (readOnly) {
      if (pendingMigrations(db).length > 0)
        throw new EverbindError('STORE_NOT_FOUND', `${path} is not set up yet`, { path });
      return db;
    }
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON');
    const fresh = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
    if (pendingMigrations(db).length > 0) {
      if (!fresh) keepCopy(db, path);
      migrate(db);
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function keepCopy(db: DatabaseSync, path: string): void {
  const prefix = `${basename(path)}.before-`;
  const copy = join(dirname(path), `${prefix}${new Date().toISOString().replaceAll(/[:.]/g, '-')}`);
  closeSync(openSync(copy, 'wx', 0o600));
  db.prepare('VACUUM INTO ?').run(copy);
  chmodSync(copy, 0o600);
  const copies = readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix))
    .sort();
  for (const old of copies.slice(0, -KEPT_COPIES)) rmSync(join(dirname(path), old));
}
