import { SaxesParser, type SaxesTagNS } from 'saxes';
import { configurationError, decodeXml, MAX_CONFIGURATION_OCTETS } from './application-host-text.ts';

/** A name without a namespace is as written; with one it is `{uri}local`. */
export type XmlAttributes = Readonly<Record<string, string>>;

export interface XmlElement {
  readonly name: string;
  readonly attributes: XmlAttributes;
  readonly children: readonly XmlElement[];
}

// Real files have a depth of 10 and 60 octets an element. A hostile one must not cost more memory than its size
// suggests.
const MAX_DEPTH = 100;
const MAX_ELEMENTS = 500_000;

/**
 * Reads the elements and attributes of an XML document. Refuses with IIS_CONFIG_INVALID, line and column, what is not
 * well-formed, has a document type, or is too big or too deep.
 */
export function readXml(source: Uint8Array | string): XmlElement {
  if (typeof source === 'string' && source.length > MAX_CONFIGURATION_OCTETS) {
    throw configurationError('too-large', 1, 1, `the text has more than ${MAX_CONFIGURATION_OCTETS} characters`);
  }
  const text = typeof source === 'string' ? source : decodeXml(source);
  const parser = new SaxesParser({ xmlns: true });
  const refuse = (problem: 'dtd' | 'too-deep' | 'too-many-elements' | 'xml', reason: string): never => {
    throw configurationError(problem, parser.line, Math.max(parser.column, 1), reason);
  };
  const open: Building[] = [];
  let root = null as XmlElement | null;
  let count = 0;
  parser.on('error', (error) => refuse('xml', error.message.replace(/^\d+:\d+: /, '').replace(/\.$/, '')));
  parser.on('doctype', () => refuse('dtd', 'a document type declaration is not accepted here'));
  parser.on('opentag', (tag) => {
    count += 1;
    if (open.length >= MAX_DEPTH) refuse('too-deep', `elements are nested more than ${MAX_DEPTH} deep`);
    if (count > MAX_ELEMENTS) refuse('too-many-elements', `there are more than ${MAX_ELEMENTS} elements`);
    const element: Building = {
      name: qualified(tag.uri, tag.local, true),
      attributes: attributesOf(tag),
      children: [],
    };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  parser.on('closetag', () => open.pop());
  parser.write(text).close();
  return root ?? refuse('xml', 'there is no element');
}

interface Building extends XmlElement {
  readonly children: XmlElement[];
}

function attributesOf(tag: SaxesTagNS): XmlAttributes {
  return Object.fromEntries(
    Object.values(tag.attributes)
      .filter((attribute) => attribute.uri !== 'http://www.w3.org/2000/xmlns/')
      .map((attribute) => [qualified(attribute.uri, attribute.local, false), attribute.value]),
  );
}

// Old tools put this default namespace on <configuration>; the configuration system ignores it.
const configurationNamespace = /^http:\/\/schemas\.microsoft\.com\/\.NetConfiguration\/v2\.0$/;

function qualified(uri: string, local: string, isElement: boolean): string {
  return uri === '' || (isElement && configurationNamespace.test(uri)) ? local : `{${uri}}${local}`;
}

/** The children of this name, in order. */
export function childrenNamed(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/** Every element that this path of names leads to, in document order. */
export function elementsAt(element: XmlElement, ...path: readonly string[]): readonly XmlElement[] {
  let level: readonly XmlElement[] = [element];
  for (const name of path) level = level.flatMap((parent) => childrenNamed(parent, name));
  return level;
}
