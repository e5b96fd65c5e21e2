import type { BinaryExpression, Expression, ExpressionStatement, IfStatement, Node, NumericLiteral } from '@swc/core';
import { type SourceFile, walk } from '../architecture/source-tree.ts';

/** One mechanical change of one file. */
export interface Mutant {
  /** Below the root. */
  readonly path: string;
  readonly line: number;
  readonly kind: 'comparison inverted' | 'bound moved' | 'check skipped' | 'sync skipped';
  /** The changed piece of the text, before and after, on one line each. */
  readonly before: string;
  readonly after: string;
  /** The whole file with the change. */
  readonly text: string;
}

const INVERTED: Readonly<Record<string, string>> = {
  '===': '!==',
  '!==': '===',
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
};
const MOVED: Readonly<Record<string, string>> = { '<': '<=', '<=': '<', '>': '>=', '>=': '>' };

const CHECK = /^(check|require|refuse|verify|ensure|assert|throwIf|expect|forbid|guard)/;
const SYNC = /^(sync|fsync|datasync|syncFolder|syncFile)/i;

/** Every mutant of a file, in the order of its text. */
export function mutantsOf(file: SourceFile): readonly Mutant[] {
  const octets = Buffer.from(file.text);
  const base = 1;
  const mutants: { readonly at: number; readonly mutant: Mutant }[] = [];
  const add = (kind: Mutant['kind'], from: number, to: number, after: string): void => {
    const [start, end] = [from - base, to - base];
    mutants.push({
      at: start,
      mutant: {
        path: file.path,
        line: file.lineOf(from),
        kind,
        before: oneLine(octets.subarray(start, end).toString()),
        after: oneLine(after),
        text: Buffer.concat([octets.subarray(0, start), Buffer.from(after), octets.subarray(end)]).toString(),
      },
    });
  };
  const textOf = (node: Expression): string =>
    'span' in node ? octets.subarray(node.span.start - base, node.span.end - base).toString() : '';

  walk(file.module, (node: Node) => {
    if (isBinary(node)) {
      const [left, right] = [textOf(node.left), textOf(node.right)];
      if (left === '' || right === '') return;
      const whole = (operator: string): string => `${left} ${operator} ${right}`;
      const { start, end } = node.span;
      const inverted = INVERTED[node.operator];
      if (inverted === undefined) return;
      add('comparison inverted', start, end, whole(inverted));
      const moved = MOVED[node.operator];
      if (moved !== undefined) add('bound moved', start, end, whole(moved));
      for (const operand of [node.left, node.right]) {
        if (!isNumber(operand) || !Number.isSafeInteger(operand.value)) continue;
        add('bound moved', operand.span.start, operand.span.end, String(operand.value + 1));
      }
      return;
    }
    if (isStatement(node)) {
      const name = calledName(node.expression);
      if (name === null || !(CHECK.test(name) || SYNC.test(name))) return;
      add(SYNC.test(name) ? 'sync skipped' : 'check skipped', node.span.start, node.span.end, ';');
      return;
    }
    if (isIf(node) && node.alternate === undefined && throws(node.consequent)) {
      add('check skipped', node.span.start, node.span.end, ';');
    }
  });
  return mutants.toSorted((a, b) => a.at - b.at).map(({ mutant }) => mutant);
}

/** As many as `count`, spread evenly over all of them. */
export function spread<T>(all: readonly T[], count: number): readonly T[] {
  if (all.length <= count) return all;
  return Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)] as T);
}

/** What a mutant is called in the table of equivalents. */
export function nameOf({ path, kind, before, after }: Mutant): string {
  return `${path}: ${kind}: ${before} → ${after}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function isBinary(node: Node): node is BinaryExpression {
  return node.type === 'BinaryExpression';
}

function isNumber(node: Expression): node is NumericLiteral {
  return node.type === 'NumericLiteral';
}

function isStatement(node: Node): node is ExpressionStatement {
  return node.type === 'ExpressionStatement';
}

function isIf(node: Node): node is IfStatement {
  return node.type === 'IfStatement';
}

/** Name of the function that a statement calls, awaited or not; null for anything else. */
function calledName(expression: Expression): string | null {
  const call = expression.type === 'AwaitExpression' ? expression.argument : expression;
  if (call.type !== 'CallExpression') return null;
  const { callee } = call;
  if (callee.type === 'Identifier') return callee.value;
  return callee.type === 'MemberExpression' && callee.property.type === 'Identifier' ? callee.property.value : null;
}

function throws(statement: Node & { readonly stmts?: readonly Node[] }): boolean {
  if (statement.type === 'ThrowStatement') return true;
  return statement.type === 'BlockStatement' && statement.stmts?.at(-1)?.type === 'ThrowStatement';
}
