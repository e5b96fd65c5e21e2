import { SaxesParser } from 'saxes';

export interface XmlNode {
  /** Without a prefix. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The text directly in it. */
  readonly text: string;
  readonly children: readonly XmlNode[];
}

interface Building extends XmlNode {
  text: string;
  readonly children: XmlNode[];
}

const maxDepth = 32;
const maxNodes = 100_000;

/**
 * One XML document of a DNS host; null for text that is not well-formed, has a document type, is too deep or too long.
 */
export function parseXml(text: string): XmlNode | null {
  const parser = new SaxesParser({ xmlns: true });
  const open: Building[] = [];
  let root: XmlNode | null = null;
  let count = 0;
  const refuse = (): never => {
    throw new Error('refused');
  };
  parser.on('error', refuse);
  parser.on('doctype', refuse);
  parser.on('opentag', (tag) => {
    count += 1;
    if (open.length >= maxDepth || count > maxNodes) refuse();
    const attributes = Object.values(tag.attributes).map(({ local, value }) => [local, value] as const);
    const node: Building = { name: tag.local, attributes: Object.fromEntries(attributes), text: '', children: [] };
    open.at(-1)?.children.push(node);
    root ??= node;
    open.push(node);
  });
  const append = (more: string): void => {
    const node = open.at(-1);
    if (node !== undefined) node.text += more;
  };
  parser.on('text', append);
  parser.on('cdata', append);
  parser.on('closetag', () => open.pop());
  try {
    parser.write(text).close();
    return root;
  } catch {
    return null;
  }
}

/** Every element that the path of names leads to, in document order. */
export function nodesAt(node: XmlNode, ...path: readonly string[]): readonly XmlNode[] {
  let level: readonly XmlNode[] = [node];
  for (const name of path) level = level.flatMap((parent) => parent.children.filter((child) => child.name === name));
  return level;
}

/** The text of the first of them; null when there is none. */
export function textAt(node: XmlNode, ...path: readonly string[]): string | null {
  return nodesAt(node, ...path)[0]?.text ?? null;
}

/** Text in the form for an element or an attribute. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
