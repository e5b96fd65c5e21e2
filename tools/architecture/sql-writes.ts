import type {
  Argument,
  CallExpression,
  Expression,
  Node,
  StringLiteral,
  TemplateLiteral,
  VariableDeclarator,
} from '@swc/core';
import { type SourceFile, walk } from './source-tree.ts';

/** A place in the code that writes to a table. */
export interface SqlWrite {
  readonly path: string;
  readonly line: number;
  /** null: the name is computed, so that it may be any table. */
  readonly table: string | null;
  /** Columns that it assigns; null when some of them are computed, or all of them are meant. */
  readonly columns: readonly string[] | null;
}

/** Stands in a text for what only the running program knows. */
const UNKNOWN = '\u{fffd}';

const WRITE =
  /\b(?:(INSERT(?: OR \w+)? INTO|REPLACE INTO)|(UPDATE(?: OR \w+)?)|DELETE FROM)\s+(?:"?(\w+)"?|\ufffd|$)/gi;

/** Names of the tables that the SQL of these files makes. */
export function declaredTables(files: readonly SourceFile[]): readonly string[] {
  const made = files.flatMap((file) =>
    textsOf(file).flatMap(({ text }) =>
      [...text.matchAll(/CREATE TABLE (?:IF NOT EXISTS )?(\w+)/g)].map(([, name = '']) => name),
    ),
  );
  return [...new Set(made)].sort();
}

/** Writes for its callers: what it is called with says to which table. The file itself does not count as a writer. */
const HELPER = { path: 'src/store/shift-times.ts', name: 'shiftTimes' };

/** Keeps one column beside what the owner of each table writes, and no other. */
const DIGESTS = { path: 'src/store/row-digest.ts', column: 'digest' };

/**
 * Every write in the strings of a file, and every call of HELPER. Triggers do not count, nor do digests. Throws when
 * SQL writes to a table that is none of `tables`: then the measure does not see what is there.
 */
export function sqlWrites(file: SourceFile, tables: readonly string[]): readonly SqlWrite[] {
  if (file.path === HELPER.path) return [];
  const writes = [...writesInText(file, tables), ...helpedWrites(file)];
  return file.path === DIGESTS.path ? writes.filter(({ columns }) => columns?.join() !== DIGESTS.column) : writes;
}

function helpedWrites({ path, module, lineOf }: SourceFile): readonly SqlWrite[] {
  const writes: SqlWrite[] = [];
  walk(module, (node) => {
    const { type, callee, arguments: given, span } = node as CallExpression;
    if (type !== 'CallExpression' || callee.type !== 'Identifier' || callee.value !== HELPER.name) return;
    const table = property(given, 'table');
    const columns = property(given, 'columns');
    const names = columns?.type === 'ArrayExpression' ? columns.elements.map((each) => each?.expression) : [undefined];
    writes.push({
      path,
      line: lineOf(span.start),
      table: table?.type === 'StringLiteral' ? table.value : null,
      columns: names.every((each) => each?.type === 'StringLiteral') ? names.map(({ value }) => value) : null,
    });
  });
  return writes;
}

/** The value of a property of the object that is among the arguments. */
function property(given: readonly Argument[], name: string): Expression | undefined {
  for (const { expression } of given) {
    for (const each of expression.type === 'ObjectExpression' ? expression.properties : []) {
      if (each.type === 'KeyValueProperty' && each.key.type === 'Identifier' && each.key.value === name)
        return each.value;
    }
  }
  return undefined;
}

function writesInText(file: SourceFile, tables: readonly string[]): readonly SqlWrite[] {
  return textsOf(file).flatMap(({ text, offset }) => {
    const sql = text.replaceAll(/CREATE TRIGGER[^;]*?BEGIN.*?END/gs, '');
    const found = [...sql.matchAll(WRITE)].filter((match) => isStatement(sql, match, tables));
    return found.map((match, index) => {
      const [whole, insert, update, table] = match;
      if (table !== undefined && !tables.includes(table)) {
        throw new Error(
          `${file.path}:${file.lineOf(offset)} writes to ${table}, a table that the schema does not have`,
        );
      }
      const rest = sql.slice(match.index + whole.length, found[index + 1]?.index).split(';', 1)[0] ?? '';
      const columns = insert !== undefined ? insertedColumns(rest) : update !== undefined ? assignedColumns(rest) : [];
      return { path: file.path, line: file.lineOf(offset), table: table ?? null, columns };
    });
  });
}

/** Prose has such words too: "update or remove". In `DO UPDATE SET` the table is that of the INSERT. */
function isStatement(
  sql: string,
  { index, 0: whole, 2: update, 3: table }: RegExpExecArray,
  tables: readonly string[],
) {
  if (table?.toUpperCase() === 'SET') return false;
  if (/^[a-z]/.test(whole) && (table === undefined || !tables.includes(table))) return false;
  // With nothing after it the table is joined to the string.
  const after = sql.slice(index + whole.length);
  return update === undefined || after === '' || /^\s*(?:AS \w+ )?SET\b/i.test(after);
}

/** Of `(a, b) VALUES … ON CONFLICT … DO UPDATE SET c = …`. */
function insertedColumns(rest: string): readonly string[] | null {
  const [, list] = /^\s*\(([^)]*)\)/.exec(rest) ?? [];
  const [, upsert] = /DO UPDATE\s+(SET\b.*)$/is.exec(rest) ?? [];
  const assigned = upsert === undefined ? [] : assignedColumns(upsert);
  if (list === undefined || list.includes(UNKNOWN) || assigned === null) return null;
  return [...namesIn(list), ...assigned];
}

/** Of `SET a = …, (b, c) = (…) WHERE …`. */
function assignedColumns(rest: string): readonly string[] | null {
  const columns = [...rest.matchAll(/\(([\w\s,]+)\)\s*=/g)].flatMap(([, list = '']) => namesIn(list));
  const clause = withoutParentheses(rest)
    .replace(/^.*?\bSET\b/is, '')
    .split(/\b(?:WHERE|FROM|RETURNING)\b/i, 1)[0];
  for (const assignment of (clause ?? '').split(',')) {
    const [, name] = /^\s*"?(\w*)"?\s*=/.exec(assignment) ?? [];
    if (name === undefined) return null;
    // A list in parentheses was taken above.
    if (name !== '') columns.push(name);
  }
  return columns;
}

function withoutParentheses(sql: string): string {
  const flat = sql.replaceAll(/\([^()]*\)/g, ' ');
  return flat === sql ? flat : withoutParentheses(flat);
}

function namesIn(list: string): readonly string[] {
  return list.split(',').map((name) => name.trim());
}

interface Text {
  readonly text: string;
  /** Of the string in the file. */
  readonly offset: number;
}

/** Strings of a file; constants that are named in a template or joined to a string are put in their place. */
function textsOf({ module }: SourceFile): readonly Text[] {
  const constants = new Map<string, Expression>();
  walk(module, (node) => {
    const { type, id, init } = node as VariableDeclarator;
    if (type === 'VariableDeclarator' && id.type === 'Identifier' && init !== undefined && init !== null) {
      constants.set(id.value, init);
    }
  });
  const value = (expression: Expression, depth: number): string => {
    const { type } = expression;
    if (type === 'StringLiteral') return expression.value;
    if (type === 'ParenthesisExpression') return value(expression.expression, depth);
    if (type === 'TemplateLiteral') {
      const parts = expression.expressions.map((part) => value(part, depth));
      return expression.quasis.map(({ raw }, index) => raw + (parts[index] ?? '')).join('');
    }
    if (type === 'BinaryExpression' && expression.operator === '+') {
      return value(expression.left, depth) + value(expression.right, depth);
    }
    const known = type === 'Identifier' ? constants.get(expression.value) : undefined;
    return known === undefined || depth > 3 ? UNKNOWN : value(known, depth + 1);
  };
  const texts: Text[] = [];
  walk(module, (node) => {
    if (isText(node)) texts.push({ text: value(node, 0), offset: node.span.start });
  });
  return texts;
}

function isText(node: Node): node is StringLiteral | TemplateLiteral {
  // A type that is a template has the same name, and no expressions.
  return node.type === 'StringLiteral' || (node.type === 'TemplateLiteral' && 'expressions' in node);
}
