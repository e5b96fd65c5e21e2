import { Document, isMap, isScalar, isSeq, type Node, parseDocument, visit } from 'yaml';
import { EverbindError } from '../errors/error.ts';

/** What `add` writes, with the keys of everbind.yaml. An absent key takes its default. */
export interface NewCertificate {
  readonly name: string;
  readonly names: readonly string[];
  readonly issuers?: readonly string[];
  readonly key?: { readonly algorithm: string };
  readonly challenge?: { readonly type: 'http-01'; readonly mode: string };
  readonly deployments?: readonly {
    readonly type: 'iis';
    readonly sites?: readonly string[];
    readonly adopt?: boolean;
  }[];
}

/** An issuer for a new file. */
export interface NewIssuer {
  readonly name: string;
  readonly directory: string;
  readonly contacts?: readonly string[];
  readonly termsOfServiceAgreed: boolean;
}

/**
 * Returns the text of a configuration with one more certificate at the end of its list. Every other line stays as it
 * is, unless the list is written in brackets. `text` null makes a new file, which needs the issuer. The caller must
 * check the result with parseConfig before writing it. Throws CONFIG_INVALID when the text is not a mapping or
 * `certificates` is not a list.
 */
export function addCertificate(text: string | null, certificate: NewCertificate, issuer: NewIssuer | null): string {
  if (text === null) {
    return written(readable({ version: 1, issuers: issuer === null ? [] : [issuer], certificates: [certificate] }));
  }
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const document = parseDocument(text);
  const root = document.contents;
  if (!isMap(root)) throw new EverbindError('CONFIG_INVALID', 'the configuration file is no mapping of keys to values');
  const list = root.get('certificates', true);
  if (root.flow !== true && list === undefined) {
    return `${ended(text, newline)}certificates:${newline}${entry(certificate, 2, newline)}`;
  }
  if (isSeq(list) && list.flow !== true && list.items.length > 0) {
    const indent = indentation(text, list.items[0] as Node);
    const end = endOfLine(text, list.range?.[1] ?? text.length);
    return ended(text.slice(0, end), newline) + entry(certificate, indent, newline) + text.slice(end);
  }
  if (isSeq(list) && list.items.length > 0) list.add(document.createNode(certificate));
  else if (list === undefined || isSeq(list) || (isScalar(list) && list.value === null)) {
    document.set('certificates', readable([certificate]).contents);
  } else throw new EverbindError('CONFIG_INVALID', 'certificates is no list');
  return written(document).replaceAll('\n', newline);
}

/** The column of the dash before the first entry of a list. */
function indentation(text: string, first: Node): number {
  const dash = text.lastIndexOf('-', (first.range?.[0] ?? 0) - 1);
  return dash - (text.lastIndexOf('\n', dash) + 1);
}

/** The offset behind the line on which a value ends: the comment on that line belongs to the value. */
function endOfLine(text: string, offset: number): number {
  if (text[offset - 1] === '\n') return offset;
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

function ended(text: string, newline: string): string {
  return text === '' || text.endsWith('\n') ? text : text + newline;
}

function entry(certificate: NewCertificate, indent: number, newline: string): string {
  return written(readable([certificate]))
    .trimEnd()
    .split('\n')
    .map((line) => `${' '.repeat(indent)}${line}${newline}`)
    .join('');
}

/** Writes lists of single values on one line, as people do. */
function readable(value: unknown): Document {
  const document = new Document(value);
  visit(document, {
    Seq: (_, sequence) => {
      if (sequence.items.every(isScalar)) sequence.flow = true;
    },
  });
  return document;
}

function written(document: Document): string {
  return document.toString({ lineWidth: 0, flowCollectionPadding: false, singleQuote: true });
}
