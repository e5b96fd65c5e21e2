import type {
  CallExpression,
  Expression,
  ForOfStatement,
  Identifier,
  MemberExpression,
  Module,
  Node,
  OptionalChainingCall,
  Pattern,
  TsAsExpression,
  TsTypeAssertion,
  VariableDeclarator,
} from '@swc/core';
import { type SourceFile, walk } from './source-tree.ts';

/** A cast of a row of the database, of several, or of a column of one. */
export interface RowCast {
  readonly path: string;
  readonly line: number;
}

type Call = CallExpression | OptionalChainingCall;
type Cast = TsAsExpression | TsTypeAssertion;

const FETCHING = new Set(['get', 'all', 'iterate']);
const SAME_ROWS = new Set([
  'filter',
  'slice',
  'at',
  'find',
  'reverse',
  'toReversed',
  'sort',
  'toSorted',
  'concat',
  'next',
]);
const ROW_BY_ROW = new Set(['map', 'flatMap', 'filter', 'find', 'forEach', 'some', 'every']);

/**
 * Casts (`as T`, `<T>x`; `as unknown as T` is one) in a file that knows the database, of what comes from
 * `.get()`, `.all()` or `.iterate()` of a statement, of names that it is kept under (const, for … of, parameters of map
 * and the like, destructuring), of `row` and `rows`, and of `x['column']`.
 */
export function rowCasts(file: SourceFile): readonly RowCast[] {
  if (!knowsDatabase(file)) return [];
  const names = rowNames(file.module);
  const inner = new Set<Node>();
  const casts: RowCast[] = [];
  walk(file.module, (node) => {
    if (!isCast(node)) return;
    const operand = node.expression;
    if (isCast(operand)) inner.add(operand);
    if (!inner.has(node) && isRow(operand, names)) casts.push({ path: file.path, line: file.lineOf(node.span.start) });
  });
  return casts;
}

/** It imports from node:sqlite, src/store or the files that own tables. */
export function knowsDatabase({ path, text }: SourceFile): boolean {
  return (
    path.startsWith('src/store/') ||
    /from '(?:node:sqlite|[./\w-]*(?:store\/|state\/|-table\.ts|rows\.ts)[^']*)'/.test(text)
  );
}

function isCast<T extends Node>(node: T): node is T & Cast {
  return node.type === 'TsAsExpression' || node.type === 'TsTypeAssertion';
}

/** Names under which rows, or columns of them, are kept anywhere in the file. */
function rowNames(module: Module): ReadonlySet<string> {
  const names = new Set(['row', 'rows']);
  for (let size = 0; size !== names.size; ) {
    size = names.size;
    walk(module, (node) => {
      for (const pattern of boundToRows(node, names)) for (const name of namesOf(pattern)) names.add(name);
    });
  }
  return names;
}

function boundToRows(node: Node, names: ReadonlySet<string>): readonly Pattern[] {
  switch (node.type) {
    case 'VariableDeclarator': {
      const { id, init } = node as VariableDeclarator;
      return init !== undefined && init !== null && isRow(init, names) ? [id] : [];
    }
    case 'ForOfStatement': {
      const { left, right } = node as ForOfStatement;
      if (left.type !== 'VariableDeclaration' || !isRow(right, names)) return [];
      return left.declarations.map(({ id }) => id);
    }
    case 'CallExpression': {
      const { callee, arguments: given } = node as Call;
      const [first] = given;
      if (callee.type !== 'MemberExpression' || first?.expression.type !== 'ArrowFunctionExpression') return [];
      if (!ROW_BY_ROW.has(propertyOf(callee.property)) || !isRow(callee.object, names)) return [];
      return first.expression.params.slice(0, 1);
    }
    default:
      return [];
  }
}

/** Every name that a pattern binds. */
function namesOf(pattern: Pattern): readonly string[] {
  const names: string[] = [];
  walk(pattern, (node) => {
    if (node.type === 'Identifier') names.push((node as Identifier).value);
  });
  return names;
}

/** Whether this is rows, a row or a column. */
function isRow(expression: Expression, names: ReadonlySet<string>): boolean {
  const { type } = expression;
  if (type === 'Identifier') return names.has(expression.value);
  if (type === 'CallExpression') return isRowCall(expression, names);
  if (type === 'MemberExpression') return isColumn(expression, names);
  if (type === 'OptionalChainingExpression') {
    const { base } = expression;
    return base.type === 'CallExpression' ? isRowCall(base, names) : isColumn(base, names);
  }
  if (type === 'BinaryExpression') {
    return expression.operator === '??' && (isRow(expression.left, names) || isRow(expression.right, names));
  }
  if (type === 'ConditionalExpression') {
    return isRow(expression.consequent, names) || isRow(expression.alternate, names);
  }
  if (type === 'ArrayExpression') {
    return expression.elements.some((element) => element?.expression !== undefined && isRow(element.expression, names));
  }
  const wrapped = isCast(expression) || type === 'TsNonNullExpression' || type === 'ParenthesisExpression';
  return wrapped && isRow(expression.expression, names);
}

function isColumn({ object, property }: MemberExpression, names: ReadonlySet<string>): boolean {
  const inBrackets = property.type === 'Computed' && property.expression.type === 'StringLiteral';
  return inBrackets || isRow(object, names);
}

function isRowCall({ callee, arguments: given }: Call, names: ReadonlySet<string>): boolean {
  if (callee.type !== 'MemberExpression') return false;
  const called = propertyOf(callee.property);
  if (FETCHING.has(called)) return isStatement(callee.object, names);
  if (SAME_ROWS.has(called)) return isRow(callee.object, names);
  const [first] = given;
  if (called !== 'read' || first?.expression.type !== 'ArrowFunctionExpression') return false;
  const { body } = first.expression;
  return body.type !== 'BlockStatement' && isRow(body, names);
}

/** `statement(db, …)`, `db.prepare(…)`; a name, or anything else, only when it says so. */
function isStatement(expression: Expression, names: ReadonlySet<string>): boolean {
  if (expression.type === 'Identifier')
    return names.has(expression.value) || /statement|select|query/i.test(expression.value);
  if (expression.type !== 'CallExpression') return false;
  const { callee } = expression;
  const called =
    callee.type === 'Identifier' ? callee.value : callee.type === 'MemberExpression' ? propertyOf(callee.property) : '';
  return called === 'statement' || called === 'prepare';
}

function propertyOf(property: { readonly type: string; readonly value?: unknown }): string {
  return property.type === 'Identifier' ? String(property.value) : '';
}
