import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type ConfigProblem, MAX_PROBLEMS, type PathStep, type Position } from '../config-problem.ts';
import { toPlain } from './plain.ts';
import { syntaxProblem } from './syntax.ts';

/** A file that is well-formed; `locate` finds where a value came from. */
export interface ConfigDocument {
  /** Plain data; mappings have no prototype. */
  readonly value: unknown;
  /** Position of the value at this path, or of the nearest thing around it that exists. */
  locate(path: readonly PathStep[]): Position;
  /** Position of the last key of this path. */
  locateKey(path: readonly PathStep[]): Position;
}

/**
 * Reads YAML 1.2 (core schema) without tags, directives that change the version, merge keys and duplicate keys, and
 * with aliases within bounds. The library's messages are not used: they quote the source, which may hold a secret.
 */
export function parseYaml(
  text: string,
): { readonly document: ConfigDocument } | { readonly problems: readonly ConfigProblem[] } {
  const lines = new LineCounter();
  const position = (offset: number): Position => {
    const found = lines.linePos(offset);
    return { line: Math.max(found.line, 1), column: Math.max(found.col, 1) };
  };
  const parsed = parse(text, lines);
  if (parsed === null) return { problems: [tooDeep()] };
  const wrong = [...parsed.errors, ...parsed.warnings];
  // Further errors come from the library's confusion, not from the file.
  const exhausted = wrong.find((error) => error.code === 'RESOURCE_EXHAUSTION');
  const told = exhausted === undefined ? wrong.slice(0, MAX_PROBLEMS) : [exhausted];
  if (told.length > 0) return { problems: told.map((error) => syntaxProblem(error.code, position(error.pos[0]))) };
  const declared = parsed.directives?.yaml;
  if (declared?.explicit === true && declared.version !== '1.2') {
    return { problems: [syntaxProblem('BAD_DIRECTIVE', position(0))] };
  }
  const plain = toPlain(parsed.contents);
  if ('wrong' in plain) {
    return { problems: plain.wrong.map(({ code, offset }) => syntaxProblem(code, position(offset))) };
  }
  const find = (path: readonly PathStep[]) => walk(parsed.contents, path, plain.targets);
  return {
    document: {
      value: plain.value,
      locate: (path) => position(find(path).value),
      locateKey: (path) => position(find(path).key),
    },
  };
}

function parse(text: string, lines: LineCounter): ReturnType<typeof parseDocument> | null {
  try {
    // The library looks for duplicate keys in quadratic time; toPlain does so in linear time.
    return parseDocument(text, {
      version: '1.2',
      schema: 'core',
      uniqueKeys: false,
      stringKeys: true,
      prettyErrors: false,
      lineCounter: lines,
    });
  } catch (error) {
    // The library recurses into nested collections.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function tooDeep(): ConfigProblem {
  return syntaxProblem('TOO_DEEP', { line: 1, column: 1 });
}

function walk(
  root: Node | null,
  path: readonly PathStep[],
  targets: ReadonlyMap<Node, Node>,
): { readonly value: number; readonly key: number } {
  let node = root;
  let value = start(root) ?? 0;
  let key = value;
  for (const step of path) {
    const inside = node !== null && isAlias(node) ? (targets.get(node) ?? null) : node;
    if (isSeq(inside) && typeof step === 'number') {
      const item = inside.items[step];
      if (item === undefined) break;
      node = item as Node;
      value = start(node) ?? value;
      key = value;
    } else if (isMap(inside)) {
      const pair = inside.items.find((entry) => isScalar(entry.key) && entry.key.value === step);
      if (pair === undefined) break;
      key = start(pair.key as Node) ?? value;
      node = (pair.value ?? null) as Node | null;
      value = isEmpty(node) ? key : (start(node) ?? key);
    } else break;
  }
  return { value, key };
}

function start(node: Node | null): number | undefined {
  return node?.range?.[0];
}

function isEmpty(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null && (node.source ?? '') === '');
}
