import { EverbindError } from '../errors/error.ts';
import type { ErrorCode } from '../errors/table.ts';

// Primary result codes of SQLite (sqlite.org/rescode.html).
const codes: Readonly<Record<number, ErrorCode>> = {
  5: 'STORE_BUSY',
  6: 'STORE_BUSY',
  11: 'STORE_CORRUPT',
  13: 'STORE_FULL',
  26: 'STORE_CORRUPT',
};

/** An error of SQLite or of the file system as one of ours; ours stay as they are. */
export function storeFailure(error: unknown, path: string): Error {
  if (error instanceof EverbindError) return error;
  if (!(error instanceof Error)) return new EverbindError('STORE_FAILED', String(error), { path });
  const facts = error as { errcode?: unknown; code?: unknown };
  if (typeof facts.errcode !== 'number' && typeof facts.code !== 'string') return error;
  const code = typeof facts.errcode === 'number' ? codes[facts.errcode & 0xff] : undefined;
  const full = facts.code === 'ENOSPC';
  return new EverbindError(
    code ?? (full ? 'STORE_FULL' : 'STORE_FAILED'),
    `${path}: ${error.message}`,
    { path },
    { cause: error },
  );
}
