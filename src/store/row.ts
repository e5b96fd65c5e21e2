import type { SQLOutputValue } from 'node:sqlite';
import { EverbindError } from '../errors/error.ts';

/**
 * A row as SQLite gives it. Read it with the functions below: they check what a cast would only claim. All throw
 * STORE_CORRUPT.
 */
export type Row = Readonly<Record<string, SQLOutputValue>>;

export function text(row: Row, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : unfit(column, 'text');
}

export function optionalText(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  return typeof value === 'number' ? value : unfit(column, 'a number');
}

export function octets(row: Row, column: string): Uint8Array {
  const value = row[column];
  return value instanceof Uint8Array ? value : unfit(column, 'octets');
}

export function optionalInteger(row: Row, column: string): number | null {
  return row[column] === null ? null : integer(row, column);
}

/** A column that is 0 or 1. */
export function flag(row: Row, column: string): boolean {
  return integer(row, column) === 1;
}

/** One of these words. */
export function word<const T extends string>(row: Row, column: string, words: readonly T[]): T {
  const value = text(row, column);
  return words.find((known) => known === value) ?? unfit(column, 'a known word');
}

/** What this program wrote as JSON. The comment of the column in src/store/sql says which type it is. */
// oxlint-disable-next-line no-unnecessary-type-parameters -- a cast for the caller, in this one place
export function json<T>(row: Row, column: string): T {
  return JSON.parse(text(row, column)) as T;
}

// oxlint-disable-next-line no-unnecessary-type-parameters -- as above
export function optionalJson<T>(row: Row, column: string): T | null {
  return row[column] === null ? null : json<T>(row, column);
}

/** The first column `n` of a row that counts. */
export function count(row: Row | undefined): number {
  return row === undefined ? 0 : integer(row, 'n');
}

function unfit(column: string, wanted: string): never {
  throw new EverbindError('STORE_CORRUPT', `the column ${column} of a row does not hold ${wanted}`, { column });
}
