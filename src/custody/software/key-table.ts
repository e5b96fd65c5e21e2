import type { DatabaseSync } from 'node:sqlite';
import type { KeyAlgorithm, KeyHandle } from '../../ports/key-store.ts';
import { statement } from '../../store/statements.ts';

export interface KeyRow {
  readonly handle: KeyHandle;
  readonly algorithm: KeyAlgorithm;
  readonly sealed: Uint8Array;
  /** ms since 1970. */
  readonly createdAt: number;
}

/** The sealed key under this handle; null when there is none. */
export function readKeyRow(db: DatabaseSync, handle: KeyHandle): KeyRow | null {
  const row = statement(db, 'SELECT algorithm, sealed, created_at FROM custody_keys WHERE handle = ?').get(handle);
  if (row === undefined) return null;
  return {
    handle,
    algorithm: row['algorithm'] as KeyAlgorithm,
    sealed: row['sealed'] as Uint8Array,
    createdAt: row['created_at'] as number,
  };
}

/** null when it was inserted; the algorithm of the key that has this handle already, and stays, otherwise. */
export function insertKeyRow(db: DatabaseSync, row: KeyRow): KeyAlgorithm | null {
  const { changes } = statement(
    db,
    'INSERT INTO custody_keys (handle, algorithm, sealed, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (handle) DO NOTHING',
  ).run(row.handle, row.algorithm, row.sealed, row.createdAt);
  return changes === 1 ? null : (readKeyRow(db, row.handle)?.algorithm ?? null);
}

/** Overwrites the octets before the row goes. */
export function deleteKeyRow(db: DatabaseSync, handle: KeyHandle): void {
  statement(db, 'UPDATE custody_keys SET sealed = zeroblob(length(sealed)) WHERE handle = ?').run(handle);
  statement(db, 'DELETE FROM custody_keys WHERE handle = ?').run(handle);
}
