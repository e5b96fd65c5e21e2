import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
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
  const value = text(row, column);
  try {
    return JSON.parse(value) as T;
  } catch {
    return unfit(column, 'JSON');
  }
}

// oxlint-disable-next-line no-unnecessary-type-parameters -- as above
export function optionalJson<T>(row: Row, column: string): T | null {
  return row[column] === null ? null : json<T>(row, column);
}

/**
 * The rows of a query, without those that hold a number JavaScript does not have: such a row is damaged, and would end
 * the whole query.
 */
export function allThatFit(query: StatementSync, ...values: SQLInputValue[]): readonly Row[] {
  query.setReadBigInts(true);
  try {
    return query
      .all(...values)
      .map(withNumbers)
      .filter((row) => row !== null);
  } finally {
    query.setReadBigInts(false);
  }
}

function withNumbers(row: Row): Row | null {
  const numbers: Record<string, SQLOutputValue> = {};
  for (const [column, value] of Object.entries(row)) {
    numbers[column] = typeof value === 'bigint' ? Number(value) : value;
    if (typeof value === 'bigint' && !Number.isSafeInteger(numbers[column])) return null;
  }
  return numbers;
}

/** What is read, or null when a row is damaged: for what has to go on with all other rows. */
export function ifReadable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (isDamage(error)) return null;
    throw error;
  }
}

/** Whether reading failed because of what the row holds. */
export function isDamage(error: unknown): boolean {
  if (error instanceof EverbindError) return error.code === 'STORE_CORRUPT';
  return error instanceof RangeError && 'code' in error && error.code === 'ERR_OUT_OF_RANGE';
}

/** The first column `n` of a row that counts. */
export function count(row: Row | undefined): number {
  return row === undefined ? 0 : integer(row, 'n');
}

function unfit(column: string, wanted: string): never {
  throw new EverbindError('STORE_CORRUPT', `the column ${column} of a row does not hold ${wanted}`, { column });
}
