import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { EverbindError } from '../errors/error.ts';
import { makeFolder, syncFolder } from './folders.ts';
import { isFull } from './store-failure.ts';
import { migrate } from './migrate.ts';
import { type Migration, pendingMigrations } from './migrations.ts';
import { keepDigests } from './row-digest.ts';

/** How long opening and reading wait for a lock of another process, ms. */
const OPENING_WAIT = 5000;

/** How long a lock may stop the event loop, ms. The commit queue tries again after that. */
const LOCK_WAIT = 100;

/** Tables and columns that audit-read.ts reads. Every schema so far has them. */
const LOG_TABLES = [
  ['audit_event', ['seq', 'event', 'leaf_hash']],
  ['audit_checkpoint', ['size', 'note']],
  ['audit_range', ['id', 'size', 'hashes']],
] as const;

/** Prepares for no crash and for no other process. */
const VOLATILE = `PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA secure_delete = OFF; PRAGMA cache_size = -32000`;

interface WritingOptions {
  readonly path: string;
  /** ms since 1970. */
  readonly now: number;
  readonly volatile: boolean;
  readonly migrations?: readonly Migration[] | undefined;
}

/**
 * Opens the database for writing, or creates it: write-ahead log, foreign keys, old content overwritten. File and
 * folder are private from the moment they exist; SQLite gives its -wal and -shm files the mode of the database.
 */
export function openForWriting({ path, now, volatile, migrations }: WritingOptions): DatabaseSync {
  createPrivately(path);
  const db = open(path, false);
  try {
    if (db.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'] !== 'wal') {
      throw new EverbindError('STORE_FAILED', `${path}: this file system cannot hold a write-ahead log`, { path });
    }
    db.exec('PRAGMA synchronous = FULL; PRAGMA secure_delete = ON');
    migrate(db, path, now, migrations);
    keepDigests(db);
    // From here on store.ts syncs the commits: SQLite would block the event loop while it waits for the disk.
    db.exec(`PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = ${LOCK_WAIT}`);
    if (volatile) db.exec(VOLATILE);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Opens the database for reading, beside a writer. Throws STORE_NOT_FOUND, STORE_OUTDATED, what pendingMigrations
 * throws, and the system's error.
 */
export function openForReading(path: string, migrations?: readonly Migration[]): DatabaseSync {
  return openChecked(path, (db) => {
    const { fresh, pending } = pendingMigrations(db, migrations);
    if (fresh) throw new EverbindError('STORE_NOT_FOUND', `${path} is empty`, { path });
    if (pending.length > 0) throw new EverbindError('STORE_OUTDATED', `${path} is not up to date`, { path });
  });
}

/**
 * Opens the database for reading its audit log and nothing else, whichever version of Everbind wrote it. Throws
 * STORE_NOT_FOUND, STORE_FOREIGN and the system's error.
 */
export function openForReadingLog(path: string): DatabaseSync {
  return openChecked(path, (db) => {
    const tables = db.prepare('SELECT name FROM sqlite_schema').all();
    if (tables.length === 0) throw new EverbindError('STORE_NOT_FOUND', `${path} is empty`, { path });
    for (const [table, columns] of LOG_TABLES) {
      const found = db.prepare('SELECT name FROM pragma_table_info(?)').all(table);
      if (!columns.every((column) => found.some(({ name }) => name === column))) {
        throw new EverbindError('STORE_FOREIGN', `${path} has no audit log that this program can read`, {
          path,
          table,
        });
      }
    }
  });
}

function openChecked(path: string, check: (db: DatabaseSync) => void): DatabaseSync {
  // In a folder that this account may not enter this throws, rather than claim that there is no database.
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    throw new EverbindError('STORE_NOT_FOUND', `there is no ${path}`, { path });
  }
  try {
    return checked(open(path, true), check);
  } catch (error) {
    if (!isFull(error, path) || !isWholeWithoutLog(path)) throw error;
    // Even a reader makes an index of the write-ahead log, for which there is no room. All is in the database itself,
    // and while the disk is full nobody writes to it.
    const url = pathToFileURL(path);
    url.searchParams.set('immutable', '1');
    return checked(open(url, true), check);
  }
}

function checked(db: DatabaseSync, check: (db: DatabaseSync) => void): DatabaseSync {
  try {
    check(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Whether nothing waits in the write-ahead log. */
function isWholeWithoutLog(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) === 0;
}

function open(path: string | URL, readOnly: boolean): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly, timeout: OPENING_WAIT, enableForeignKeyConstraints: true });
  // The file may come from an attacker: check sizes, and let its schema call no function with side effects.
  db.exec('PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF');
  return db;
}

function createPrivately(path: string): void {
  if (!existsSync(path)) {
    const folder = dirname(path);
    const changed = makeFolder(folder);
    closeSync(openSync(path, 'a', 0o600));
    // New names are durable once their folders are synced. SQLite does that only for files that it makes itself.
    for (const each of [...changed, folder]) syncFolder(each);
  } else if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    // Restored from a backup, for example.
    for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) chmodSync(file, 0o600);
  }
}
