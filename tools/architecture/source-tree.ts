import { parseSync, type Module, type Node } from '@swc/core';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file of TypeScript and its syntax tree (@swc/core: the compiler of TypeScript 7 has no API of its own). */
export interface SourceFile {
  /** Below the root, with slashes: src/store/store.ts. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly module: Module;
  /** The line of an offset of a span, from 1. */
  lineOf(offset: number): number;
}

/** Paths of the TypeScript files below a folder, relative to the root and sorted. */
export function listFiles(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path).replaceAll('\\', '/'))
    .sort();
}

/** Throws when a file cannot be parsed. */
export function readSource(root: string, path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const octets = Buffer.from(text);
  return {
    path,
    text,
    lines: text.split('\n').length - 1,
    module: parseSync(text, { syntax: 'typescript', target: 'esnext' }),
    // Spans count octets from 1.
    lineOf: (offset) => octets.subarray(0, Math.max(0, offset - 1)).filter((octet) => octet === 10).length + 1,
  };
}

/** Calls `visit` for every node below this one, parents first. */
export function walk(start: Node, visit: (node: Node) => void): void {
  const pending: unknown[] = [start];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    if (isNode(next)) visit(next);
    pending.push(...Object.values(next).reverse());
  }
}

function isNode(value: object): value is Node {
  return 'type' in value && typeof value.type === 'string' && 'span' in value;
}
