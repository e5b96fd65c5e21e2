/** An element of a document with where it stands in the text; offsets in UTF-16 code units. */
export interface XmlRange {
  /** As written, prefix included. */
  readonly name: string;
  /** Of `<` of the start tag. */
  readonly start: number;
  /** Behind `>` of the start tag. */
  readonly startTagEnd: number;
  /** Of `<` of the end tag; `startTagEnd` for an element written `<a />`. */
  readonly endTagStart: number;
  /** Behind the element's last `>`. */
  readonly end: number;
  readonly children: readonly XmlRange[];
}

interface Building extends XmlRange {
  endTagStart: number;
  end: number;
  readonly children: Building[];
}

// Comments, CDATA sections, instructions, then tags with quoted attributes, in which `>` may stand.
const markup = /<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>|<\?[^]*?\?>|<(\/?)([^\s/>]+)(?:"[^"]*"|'[^']*'|[^"'>])*?(\/?)>/g;

/** Finds the elements of a document that readXml has accepted: well-formed, without a document type. */
export function xmlRanges(text: string): XmlRange {
  const open: Building[] = [];
  let root: XmlRange | null = null;
  for (const { 0: tag, 1: closes, 2: name, 3: empty, index } of text.matchAll(markup)) {
    if (name === undefined) continue;
    const end = index + tag.length;
    if (closes === '/') {
      const element = open.pop();
      if (element === undefined) throw new Error('an end tag without a start tag');
      element.endTagStart = index;
      element.end = end;
      continue;
    }
    const element: Building = { name, start: index, startTagEnd: end, endTagStart: end, end, children: [] };
    open.at(-1)?.children.push(element);
    root ??= element;
    if (empty !== '/') open.push(element);
  }
  if (root === null || open.length > 0) throw new Error('a document without a whole element');
  return root;
}
