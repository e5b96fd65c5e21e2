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

/** IOERR_CORRUPTFS, IOERR_DATA: the disk did not return what was written. */
const CORRUPTION = new Set([8458, 8202]);

/**
 * Makes an error of SQLite or of the file system one of ours, and what Node says of a number in a row that JavaScript
 * does not have; returns every other as it is.
 */
export function storeFailure(error: unknown, path: string): unknown {
  if (error instanceof EverbindError || !(error instanceof Error)) return error;
  const code = sqliteCode(error) ?? fileSystemCode(error) ?? (isDamage(error) ? 'STORE_CORRUPT' : null);
  return code === null ? error : new EverbindError(code, `${path}: ${error.message}`, { path }, { cause: error });
}

/** Whether SQLite stopped waiting for a lock. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && sqliteCode(error) === 'STORE_BUSY';
}

function sqliteCode(error: Error): ErrorCode | null {
  if (!('errcode' in error) || typeof error.errcode !== 'number') return null;
  if (CORRUPTION.has(error.errcode)) return 'STORE_CORRUPT';
  return codes[error.errcode & 0xff] ?? null;
}

function fileSystemCode(error: Error): ErrorCode | null {
  if (!('syscall' in error) || !('code' in error)) return null;
  return error.code === 'ENOSPC' || error.code === 'EDQUOT' ? 'STORE_FULL' : 'STORE_FAILED';
}
