import { hash } from 'node:crypto';
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { EverbindError } from '../errors/error.ts';
import { type Row, text } from './row.ts';
import { statement } from './statements.ts';

// A digest beside each row of the tables that decide what is ordered and where it goes: the audit log does not cover
// them. It tells what this program wrote from damage and from a repair by hand. It has no key: whoever may write the
// database may read master.key beside it, and with either could order certificates anyway.

/** Tables whose rows have a digest. Each has a rowid. */
export const DIGESTED_TABLES = ['applied_config', 'certificate', 'issued', 'renewal', 'account'] as const;

export type DigestedTable = (typeof DIGESTED_TABLES)[number];

/** A row whose digest is not that of its content. */
export interface DamagedRow {
  readonly table: DigestedTable;
  readonly rowid: number;
}

/**
 * From now on this connection keeps the digests: each row that it inserts gets one, and each that it changes a new one.
 * One that was damaged before stays so, whatever is changed in it. The triggers belong to the connection: a program
 * that writes to the file by other means does not run them, and without them its changes show.
 */
export function keepDigests(db: DatabaseSync): void {
  defineDigest(db);
  for (const table of tablesOf(db)) {
    const columns = columnsOf(db, table);
    const digest = (row: string): string => digestSql(columns, `${row}.`);
    const write = `BEGIN UPDATE ${table} SET digest = ${digest('NEW')} WHERE rowid = NEW.rowid; END`;
    db.exec(`CREATE TEMP TRIGGER ${table}_inserted AFTER INSERT ON main.${table} ${write};
      CREATE TEMP TRIGGER ${table}_changed AFTER UPDATE OF ${columns.join(', ')} ON main.${table}
      WHEN OLD.digest IS ${digest('OLD')} ${write}`);
  }
}

/** The row, when its content is what this program wrote; throws STORE_CORRUPT otherwise. */
export function requireWhole(db: DatabaseSync, table: DigestedTable, row: Row): Row {
  if (isWhole(columnsOf(db, table), row)) return row;
  throw new EverbindError('STORE_CORRUPT', `a row of the table ${table} is not as it was written`, { table });
}

/** Which rows to look at: those of a table with this many more rows are looked at a slice at a time. */
export interface Slice {
  readonly most: number;
  /** Which slice, by any number that differs from run to run. */
  readonly turn: number;
}

/**
 * Rows that are not as they were written, or cannot be read. All, or with `slice` those in one slice of each table, so
 * that a run that finds nothing to do stays cheap whatever the number of certificates.
 */
export function damagedRows(db: DatabaseSync, slice: Slice | null = null): readonly DamagedRow[] {
  return tablesOf(db).flatMap((table) => damagedRowsOf(db, table, slice));
}

function damagedRowsOf(db: DatabaseSync, table: DigestedTable, slice: Slice | null): readonly DamagedRow[] {
  const columns = columnsOf(db, table);
  const last = statement(db, `SELECT coalesce(max(rowid), 0) AS last FROM ${table}`).get()?.['last'];
  const slices = slice === null ? 1 : Math.ceil(Number(last) / slice.most);
  const from = slice === null || slices < 2 ? 0 : (slice.turn % slices) * slice.most;
  const to = slice === null ? Number.MAX_SAFE_INTEGER : from + slice.most;
  const rows = db.prepare(`SELECT rowid AS row_id, * FROM ${table} WHERE rowid > ? AND rowid <= ?`);
  // A number that was damaged may be larger than JavaScript takes.
  rows.setReadBigInts(true);
  const damaged: DamagedRow[] = [];
  for (const row of rows.iterate(from, to)) {
    if (!isWhole(columns, row)) damaged.push({ table, rowid: Number(row['row_id']) });
  }
  return damaged;
}

/**
 * Runs migrations, which change rows and columns, and gives every row a digest that had the right one before, or none
 * since its table had no digests yet.
 */
export function migrateDigests(db: DatabaseSync, migrate: () => void): void {
  defineDigest(db);
  const damaged = damagedRows(db);
  columnsKnown.delete(db);
  migrate();
  columnsKnown.delete(db);
  for (const table of tablesOf(db)) {
    const kept = damaged.filter((row) => row.table === table).map(({ rowid }) => rowid);
    const sql = `UPDATE ${table} SET digest = ${digestSql(columnsOf(db, table), '')} WHERE rowid NOT IN (SELECT value FROM json_each(?))`;
    db.prepare(sql).run(JSON.stringify(kept));
  }
}

const DIGEST_FUNCTION = 'row_digest';
const defined = new WeakSet<DatabaseSync>();

function defineDigest(db: DatabaseSync): void {
  if (defined.has(db)) return;
  defined.add(db);
  const options = { deterministic: true, varargs: true, useBigIntArguments: true } as const;
  // Called with the name of each column before its value.
  db.function(DIGEST_FUNCTION, options, (...parts: SQLOutputValue[]): SQLInputValue => {
    let content = '';
    for (let index = 0; index < parts.length; index += 2) content += encode(String(parts[index]), parts[index + 1]);
    return digest(content);
  });
}

function digestSql(columns: readonly string[], prefix: string): string {
  return `${DIGEST_FUNCTION}(${columns.map((column) => `'${column}', ${prefix}${column}`).join(', ')})`;
}

function isWhole(columns: readonly string[], row: Row): boolean {
  const kept = row['digest'];
  if (!(kept instanceof Uint8Array)) return false;
  let content = '';
  for (const column of columns) content += encode(column, row[column]);
  return Buffer.compare(digest(content), kept) === 0;
}

/** Unambiguous, and nothing for NULL: a column that a later version adds leaves the digests of older rows valid. */
function encode(column: string, value: SQLOutputValue | undefined): string {
  if (value === null || value === undefined) return '';
  const kind = typeof value === 'string' ? 'text' : value instanceof Uint8Array ? 'octets' : 'number';
  const content = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
  return `${column} ${kind} ${content.length} ${content}\n`;
}

function digest(content: string): Uint8Array {
  return hash('sha256', content, 'buffer');
}

const columnsKnown = new WeakMap<DatabaseSync, ReadonlyMap<DigestedTable, readonly string[]>>();

/** Columns that the digest covers, in the order of their names. */
function columnsOf(db: DatabaseSync, table: DigestedTable): readonly string[] {
  return allColumns(db).get(table) ?? [];
}

/** Those that this database has: one from an earlier version gets digests when it is migrated. */
function tablesOf(db: DatabaseSync): readonly DigestedTable[] {
  return [...allColumns(db).keys()];
}

function allColumns(db: DatabaseSync): ReadonlyMap<DigestedTable, readonly string[]> {
  let known = columnsKnown.get(db);
  if (known === undefined) {
    const query = db.prepare('SELECT name FROM pragma_table_info(?) ORDER BY name');
    const names = DIGESTED_TABLES.map((table) => [table, query.all(table).map((row) => text(row, 'name'))] as const);
    const digested = names.filter(([, columns]) => columns.includes('digest'));
    known = new Map(digested.map(([table, columns]) => [table, columns.filter((name) => name !== 'digest')]));
    columnsKnown.set(db, known);
  }
  return known;
}
