import { Document, isMap, isScalar, isSeq, type Node, parseDocument, visit } from 'yaml';
import { parseConfig } from './parse.ts';
import type { Config } from './types.ts';

/** A certificate as it is written into the file: keys as in docs/configuration.md; what is absent is left to the defaults. */
export interface CertificateEntry {
  readonly name: string;
  readonly names: readonly string[];
  readonly issuers?: readonly string[];
  readonly key?: { readonly algorithm?: string; readonly reuse?: boolean };
  readonly challenge?: Readonly<Record<string, unknown>>;
  readonly challenges?: readonly Readonly<Record<string, unknown>>[];
  readonly deployments?: readonly Readonly<Record<string, unknown>>[];
  readonly keepOld?: number;
}

/**
 * The file with one more certificate, at the end of its list; comments and layout of the rest stay as they are, and `config` is what the
 * new text means. `file` is its absolute path. Throws CONFIG_INVALID for the old text when that is wrong, otherwise for the new one.
 */
export function addCertificate(
  octets: Uint8Array,
  file: string,
  entry: CertificateEntry,
): { readonly text: string; readonly config: Config } {
  parseConfig(octets, file);
  const text = insertEntry(new TextDecoder().decode(octets), entry);
  return { text, config: parseConfig(Buffer.from(text), file) };
}

function insertEntry(text: string, entry: CertificateEntry): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const document = parseDocument(text);
  const root = document.contents;
  const list = isMap(root) ? root.get('certificates', true) : undefined;
  if (isMap(root) && root.flow !== true) {
    if (list === undefined) return `${ended(text, newline)}certificates:${newline}${lines(entry, 2, newline)}`;
    const first = isSeq(list) && list.flow !== true ? (list.items[0] as Node | undefined) : undefined;
    if (isSeq(list) && first?.range != null && list.range != null) {
      const dash = text.lastIndexOf('-', first.range[0] - 1);
      const indent = dash - (text.lastIndexOf('\n', dash) + 1);
      const end = endOfValue(text, list.range[1]);
      return ended(text.slice(0, end), newline) + lines(entry, indent, newline) + text.slice(end);
    }
  }
  // Written in brackets, or empty: there is no block to append to, so the library writes the file anew.
  if (isSeq(list) && list.items.length > 0) list.add(document.createNode(entry));
  else document.set('certificates', listOf(entry).contents);
  return document.toString({ lineWidth: 0 }).replaceAll('\n', newline);
}

/** Behind the last line of a list: the comment on that line belongs to it. */
function endOfValue(text: string, offset: number): number {
  if (text[offset - 1] === '\n') return offset;
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

function ended(text: string, newline: string): string {
  return text === '' || text.endsWith('\n') ? text : text + newline;
}

function lines(entry: CertificateEntry, indent: number, newline: string): string {
  return listOf(entry)
    .toString({ lineWidth: 0, flowCollectionPadding: false, singleQuote: true })
    .trimEnd()
    .split('\n')
    .map((line) => `${' '.repeat(indent)}${line}${newline}`)
    .join('');
}

/** Lists of single values on one line, as people write them. */
function listOf(entry: CertificateEntry): Document {
  const document = new Document([entry]);
  visit(document, {
    Seq: (_, sequence) => {
      if (sequence.items.every(isScalar)) sequence.flow = true;
    },
  });
  return document;
}
