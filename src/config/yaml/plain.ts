import { isAlias, isMap, isScalar, isSeq, type Node, type YAMLMap, type YAMLSeq } from 'yaml';
import type { SyntaxCode } from './syntax.ts';

/** Deeper than any real configuration. */
const MAX_DEPTH = 32;
/** Aliases may repeat this many values in all: enough to share one challenge among thousands of certificates. */
const MAX_ALIASED_VALUES = 500_000;
const MAX_WRONG = 200;

interface Wrong {
  readonly code: SyntaxCode;
  readonly offset: number;
}

type Plain =
  | { readonly value: unknown; readonly targets: ReadonlyMap<Node, Node> }
  | { readonly wrong: readonly Wrong[] };

interface Converted {
  readonly value: unknown;
  /** Number of values in it, aliases expanded. */
  readonly size: number;
}

interface Anchor extends Converted {
  readonly node: Node;
}

interface State {
  readonly anchors: Map<string, Anchor>;
  readonly targets: Map<Node, Node>;
  readonly wrong: Wrong[];
  aliased: number;
}

/**
 * Converts YAML nodes to plain data. An alias shares the value of its anchor. The number of values repeated so is
 * bounded, since later checks visit each of them.
 */
export function toPlain(root: Node | null): Plain {
  const state: State = { anchors: new Map(), targets: new Map(), wrong: [], aliased: 0 };
  const { value } = convert(root, 0, state);
  return state.wrong.length > 0 ? { wrong: state.wrong } : { value, targets: state.targets };
}

function convert(node: Node | null, depth: number, state: State): Converted {
  if (node === null || state.wrong.length >= MAX_WRONG) return { value: null, size: 1 };
  if (depth > MAX_DEPTH) return refuse(node, 'TOO_DEEP', state);
  if (isAlias(node)) return expand(node, state);
  const converted = convertContent(node, depth, state);
  // Set only now, so that an alias inside its own anchor finds nothing.
  const anchor = 'anchor' in node ? node.anchor : undefined;
  if (anchor !== undefined) state.anchors.set(anchor, { ...converted, node });
  return converted;
}

function convertContent(node: Node, depth: number, state: State): Converted {
  if (isMap(node)) return convertMap(node, depth, state);
  if (isSeq(node)) return convertSeq(node, depth, state);
  return { value: isScalar(node) ? node.value : null, size: 1 };
}

function convertMap(node: YAMLMap, depth: number, state: State): Converted {
  const value: Record<string, unknown> = Object.create(null);
  let size = 1;
  for (const pair of node.items) {
    const keyNode = pair.key as Node;
    const key = isScalar(keyNode) ? keyNode.value : undefined;
    if (typeof key !== 'string') {
      refuse(keyNode, 'NON_STRING_KEY', state);
      continue;
    }
    if (key in value) refuse(keyNode, 'DUPLICATE_KEY', state);
    const item = convert((pair.value ?? null) as Node | null, depth + 1, state);
    value[key] = item.value;
    size += item.size;
  }
  return { value, size };
}

function convertSeq(node: YAMLSeq, depth: number, state: State): Converted {
  const value: unknown[] = [];
  let size = 1;
  for (const entry of node.items) {
    const item = convert(entry as Node, depth + 1, state);
    value.push(item.value);
    size += item.size;
  }
  return { value, size };
}

function expand(node: Node & { readonly source: string }, state: State): Converted {
  const anchor = state.anchors.get(node.source);
  if (anchor === undefined) return refuse(node, 'BAD_ALIAS', state);
  state.aliased += anchor.size;
  if (state.aliased > MAX_ALIASED_VALUES) return refuse(node, 'TOO_MANY_ALIASES', state);
  state.targets.set(node, anchor.node);
  return { value: anchor.value, size: anchor.size };
}

function refuse(node: Node | null, code: SyntaxCode, state: State): Converted {
  if (state.wrong.length < MAX_WRONG) state.wrong.push({ code, offset: node?.range?.[0] ?? 0 });
  return { value: null, size: 1 };
}
