import { parseSync, type Node } from '@swc/core';
import { walk } from '../architecture/source-tree.ts';
import { columns, overlongLines, reflow, WIDTH } from './reflow.ts';

interface Comment {
  /** Indices of lines, both included. */
  readonly from: number;
  readonly to: number;
  readonly kind: 'line' | 'block';
  /** Whether nothing but white space stands before it and behind it. */
  readonly alone: boolean;
}

/** What is directed at a tool is one line, whatever its length. */
const DIRECTIVE = /^\s*(?:oxlint|biome|@ts|node:|c8|v8|#)/;

/** A file of TypeScript with its overlong comments filled; those behind code stand before it afterwards. */
export function wrapComments(text: string): string {
  const lines = text.split('\n');
  const blocks = joined(commentsOf(text), lines);
  for (const comment of blocks.toReversed()) {
    const { from, to } = comment;
    const old = lines.slice(from, to + 1);
    if (old.every((line) => columns(line) <= WIDTH)) continue;
    lines.splice(from, old.length, ...(comment.alone ? rewritten(comment, old) : movedUp(old)));
  }
  return lines.join('\n');
}

/** Lines of a file of TypeScript, from 1, on which a comment goes beyond the last column and could be broken. */
export function overlongComments(text: string): readonly number[] {
  return overlongLines(text, wrapComments(text));
}

function rewritten({ kind }: Comment, lines: readonly string[]): readonly string[] {
  const [first = ''] = lines;
  const indent = first.slice(0, first.length - first.trimStart().length);
  const fill = (inner: readonly string[], keepBreaks: boolean): readonly string[] =>
    reflow(inner, { width: WIDTH - indent.length - 3, codeIndent: 2, keepBreaks });
  if (kind === 'line') {
    const inner = lines.map((line) => line.trim().replace(/^\/\/ ?/, ''));
    if (inner.some((line) => DIRECTIVE.test(line))) return lines;
    return fill(inner, true).map((line) => `${indent}// ${line}`.trimEnd());
  }
  const [opening = '/**'] = /^\/\*\*?/.exec(first.trim()) ?? [];
  const inner = lines
    .map((line) => line.trim())
    .join('\n')
    .slice(opening.length, -2)
    .split('\n')
    .map((line, index) => (index === 0 ? line.trim() : line.replace(/^\* ?/, '').trimEnd()));
  if (inner[0] === '') inner.shift();
  if (inner.at(-1)?.trim() === '') inner.pop();
  return [`${indent}${opening}`, ...fill(inner, false).map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`];
}

/** A comment behind code goes above it. */
function movedUp(lines: readonly string[]): readonly string[] {
  const [line = '', ...more] = lines;
  const at = line.lastIndexOf('// ');
  const comment = line.slice(at + 3);
  const code = line.slice(0, at).trimEnd();
  if (more.length > 0 || at < 0 || DIRECTIVE.test(comment) || /^\s*[})\]]/.test(code)) return lines;
  const indent = code.slice(0, code.length - code.trimStart().length);
  const filled = reflow([comment], { width: WIDTH - indent.length - 3, codeIndent: 2 });
  return [...filled.map((text) => `${indent}// ${text}`), code];
}

/** Consecutive comments of one line each, at one indentation, are one block. */
function joined(comments: readonly Comment[], lines: readonly string[]): readonly Comment[] {
  const blocks: Comment[] = [];
  for (const comment of comments) {
    const last = blocks.at(-1);
    const together =
      last?.kind === 'line' &&
      comment.kind === 'line' &&
      last.alone &&
      comment.alone &&
      last.to + 1 === comment.from &&
      lines[last.to]?.indexOf('//') === lines[comment.from]?.indexOf('//');
    if (together) blocks[blocks.length - 1] = { ...last, to: comment.to };
    else blocks.push(comment);
  }
  return blocks;
}

/** Comments in order. What stands in a string, a template or a regular expression is none. */
function commentsOf(text: string): readonly Comment[] {
  // Spans count octets, so that the text is looked at as octets here.
  const octets = Buffer.from(text).toString('latin1');
  const literal = new Uint8Array(octets.length);
  const literals = new Set(['StringLiteral', 'TemplateElement', 'RegExpLiteral']);
  walk(parseSync(text, { syntax: 'typescript', target: 'esnext' }), ({ type, span }: Node & { span?: Span }) => {
    if (literals.has(type) && span !== undefined) literal.fill(1, span.start - 1, span.end - 1);
  });
  const found: Comment[] = [];
  let line = 0;
  for (let at = 0; at < octets.length; at += 1) {
    if (octets[at] === '\n') line += 1;
    const kind =
      literal[at] === 1 ? null : octets.startsWith('//', at) ? 'line' : octets.startsWith('/*', at) ? 'block' : null;
    if (kind === null) continue;
    const stop = kind === 'line' ? octets.indexOf('\n', at) : octets.indexOf('*/', at) + 2;
    const end = stop < 0 ? octets.length : stop;
    const lineEnd = octets.indexOf('\n', end);
    const before = octets.slice(octets.lastIndexOf('\n', at - 1) + 1, at);
    const after = octets.slice(end, lineEnd < 0 ? octets.length : lineEnd);
    const to = line + octets.slice(at, end).split('\n').length - 1;
    found.push({ from: line, to, kind, alone: before.trim() === '' && after.trim() === '' });
    line = to;
    at = end - 1;
  }
  return found;
}

interface Span {
  readonly start: number;
  readonly end: number;
}
