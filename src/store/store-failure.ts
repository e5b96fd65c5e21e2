import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { EverbindError } from '../errors/error.ts';
import type { ErrorCode } from '../errors/table.ts';
import { isDamage } from './row.ts';

// Primary result codes of SQLite (sqlite.org/rescode.html). Others, such as a broken constraint, are defects of the job
// that met them.
const codes: Readonly<Record<number, ErrorCode>> = {
  3: 'STORE_FAILED', // PERM
  5: 'STORE_BUSY', // BUSY
  6: 'STORE_BUSY', // LOCKED
  7: 'STORE_FAILED', // NOMEM
  8: 'STORE_FAILED', // READONLY
  10: 'STORE_FAILED', // IOERR
  11: 'STORE_CORRUPT', // CORRUPT
  13: 'STORE_FULL', // FULL
  14: 'STORE_FAILED', // CANTOPEN
  15: 'STORE_FAILED', // PROTOCOL
  22: 'STORE_FAILED', // NOLFS
  23: 'STORE_FAILED', // AUTH
  26: 'STORE_CORRUPT', // NOTADB
};

/** IOERR_SHMSIZE: no room for the index of the write-ahead log, which even a reader makes. */
const NO_ROOM = new Set([4874]);
const IOERR = 10;

/** Less than this is no room for anything, octets. */
const LEAST_ROOM = 64 * 1024;

/** IOERR_CORRUPTFS, IOERR_DATA: the disk did not return what was written. */
const CORRUPTION = new Set([8458, 8202]);

/**
 * Makes an error of SQLite or of the file system one of ours, and what Node says of a number in a row that JavaScript
 * does not have; returns every other as it is.
 */
export function storeFailure(error: unknown, path: string): unknown {
  if (error instanceof EverbindError || !(error instanceof Error)) return error;
  const code = sqliteCode(error, path) ?? fileSystemCode(error) ?? (isDamage(error) ? 'STORE_CORRUPT' : null);
  return code === null ? error : new EverbindError(code, `${path}: ${error.message}`, { path }, { cause: error });
}

/** Whether SQLite stopped waiting for a lock. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && sqliteCode(error, null) === 'STORE_BUSY';
}

/** Whether SQLite failed because the disk is full. */
export function isFull(error: unknown, path: string): boolean {
  return error instanceof Error && sqliteCode(error, path) === 'STORE_FULL';
}

/** `path`: of the database; null: nobody asks about its disk. */
function sqliteCode(error: Error, path: string | null): ErrorCode | null {
  if (!('errcode' in error) || typeof error.errcode !== 'number') return null;
  if (NO_ROOM.has(error.errcode)) return 'STORE_FULL';
  // SQLite calls some failures of a full disk failures of the disk.
  if ((error.errcode & 0xff) === IOERR && path !== null && hasNoRoom(dirname(path))) return 'STORE_FULL';
  if (CORRUPTION.has(error.errcode)) return 'STORE_CORRUPT';
  return codes[error.errcode & 0xff] ?? null;
}

function hasNoRoom(folder: string): boolean {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(folder);
    return bavail * bsize < LEAST_ROOM || (files > 0 && ffree === 0);
  } catch {
    return false;
  }
}

function fileSystemCode(error: Error): ErrorCode | null {
  if (!('syscall' in error) || !('code' in error)) return null;
  return error.code === 'ENOSPC' || error.code === 'EDQUOT' ? 'STORE_FULL' : 'STORE_FAILED';
}
