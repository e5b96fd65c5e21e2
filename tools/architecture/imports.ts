import type {
  CallExpression,
  ExportAllDeclaration,
  ExportNamedDeclaration,
  ImportDeclaration,
  TsImportType,
} from '@swc/core';
import { posix } from 'node:path';
import { type SourceFile, walk } from './source-tree.ts';

/** Each file and the files of the tree that it imports. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

type Importing =
  | ImportDeclaration
  | ExportNamedDeclaration
  | ExportAllDeclaration
  | CallExpression
  | TsImportType
  | { readonly type: never };

/** Every import counts: of types, dynamic ones, and what is exported from another file. */
export function importGraph(files: readonly SourceFile[]): ImportGraph {
  const known = new Set(files.map(({ path }) => path));
  return new Map(
    files.map((file) => [
      file.path,
      importsOf(file)
        .filter((to) => to.startsWith('.'))
        .map((to) => posix.join(posix.dirname(file.path), to))
        .filter((to) => known.has(to)),
    ]),
  );
}

function importsOf({ module }: SourceFile): readonly string[] {
  const found = new Set<string>();
  walk(module, (node) => {
    const source = sourceOf(node as Importing);
    if (source !== undefined) found.add(source);
  });
  return [...found];
}

function sourceOf(node: Importing): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
      return node.source?.value;
    case 'CallExpression': {
      const [first] = node.callee.type === 'Import' ? node.arguments : [];
      return first?.expression.type === 'StringLiteral' ? first.expression.value : undefined;
    }
    case 'TsImportType':
      return node.argument.value;
    default:
      return undefined;
  }
}

/** Files that import each other in a ring, a ring a list: the strongly connected components (Tarjan 1972). */
export function circles(graph: ImportGraph): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const enter = (file: string): number => {
    const own = order.size;
    order.set(file, own);
    stack.push(file);
    let low = own;
    for (const to of graph.get(file) ?? []) {
      if (!order.has(to)) low = Math.min(low, enter(to));
      else if (stack.includes(to)) low = Math.min(low, order.get(to) ?? low);
    }
    lowest.set(file, low);
    if (low === own) {
      const ring = stack.splice(stack.indexOf(file));
      if (ring.length > 1 || (graph.get(file) ?? []).includes(file)) found.push(ring);
    }
    return low;
  };
  for (const file of graph.keys()) if (!order.has(file)) enter(file);
  return found;
}

/** The longest chain of imports that stays below `folder`, from its first file to its last. A ring ends the chain. */
export function longestChain(graph: ImportGraph, folder: string): readonly string[] {
  const chains = new Map<string, readonly string[]>();
  const chainFrom = (file: string): readonly string[] => {
    const known = chains.get(file);
    if (known !== undefined) return known;
    chains.set(file, []);
    const below = (graph.get(file) ?? []).filter((to) => to.startsWith(folder)).map(chainFrom);
    const chain = [file, ...longest(below)];
    chains.set(file, chain);
    return chain;
  };
  return longest([...graph.keys()].filter((file) => file.startsWith(folder)).map(chainFrom));
}

function longest(chains: readonly (readonly string[])[]): readonly string[] {
  return chains.reduce((best, chain) => (chain.length > best.length ? chain : best), []);
}
