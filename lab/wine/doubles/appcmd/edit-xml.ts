import type { XmlElement } from '../../../../src/iis/config/application-host-xml.ts';
import { escapeAttribute, writeElement } from '../../../sim-windows/xml-writer.ts';
import { type XmlRange, xmlRanges } from './xml-ranges.ts';

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The text of a document after its elements became those of `after`; `before` is what the text holds now. Whatever lies
 * outside the changed elements (comments, blanks, order of attributes, line ends) stays as it is.
 */
export function editXml(text: string, before: XmlElement, after: XmlElement): string {
  const splices: Splice[] = [];
  compare(text, xmlRanges(text), before, after, splices);
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  let edited = '';
  let from = 0;
  for (const { start, end, text: inserted } of splices.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    edited += text.slice(from, start) + inserted.replaceAll('\r\n', newline);
    from = end;
  }
  return edited + text.slice(from);
}

function compare(text: string, range: XmlRange, before: XmlElement, after: XmlElement, splices: Splice[]): void {
  if (same(before, after)) return;
  const empty = text.slice(range.start, range.startTagEnd).endsWith('/>');
  if (empty && after.children.length > 0) {
    splices.push({ start: range.start, end: range.end, text: inner(after, levelOf(text, range)) });
    return;
  }
  if (!sameAttributes(before, after)) {
    splices.push({ start: range.start, end: range.startTagEnd, text: startTag(range.name, after, empty) });
  }
  compareChildren(text, range, before, after, splices);
}

// What both lists begin and end with stays; between, elements change in place as long as there are as many, and come
// and go otherwise.
function compareChildren(
  text: string,
  range: XmlRange,
  before: XmlElement,
  after: XmlElement,
  splices: Splice[],
): void {
  const [old, fresh] = [before.children, after.children];
  const shorter = Math.min(old.length, fresh.length);
  let head = 0;
  while (head < shorter && same(old[head], fresh[head])) head += 1;
  let tail = 0;
  while (tail < shorter - head && same(old.at(-1 - tail), fresh.at(-1 - tail))) tail += 1;
  const going = old.slice(head, old.length - tail);
  const coming = fresh.slice(head, fresh.length - tail);
  const inPlace = going.length === coming.length && going.every((child, index) => child.name === coming[index]?.name);
  for (const [index, child] of going.entries()) {
    const place = range.children[head + index];
    const next = coming[index];
    if (place === undefined) throw new Error('the text has other elements than its tree');
    if (inPlace && next !== undefined) compare(text, place, child, next, splices);
    else splices.push({ start: blankBefore(text, place.start), end: place.end, text: '' });
  }
  if (inPlace || coming.length === 0) return;
  const anchor = range.children[head + going.length - 1];
  const level = levelOf(text, range) + 1;
  const at = anchor?.end ?? range.startTagEnd;
  const lines = coming.map((child) => `\r\n${writeElement(child, level).trimEnd()}`).join('');
  // An element that had nothing in it gets its end tag on a line of its own.
  const closing = range.startTagEnd === range.endTagStart ? `\r\n${'    '.repeat(level - 1)}` : '';
  splices.push({ start: at, end: at, text: lines + closing });
}

function same(left: XmlElement | undefined, right: XmlElement | undefined): boolean {
  if (left === right) return true;
  if (left === undefined || right === undefined) return false;
  return (
    left.name === right.name &&
    left.children.length === right.children.length &&
    sameAttributes(left, right) &&
    left.children.every((child, index) => same(child, right.children[index]))
  );
}

function sameAttributes(left: XmlElement, right: XmlElement): boolean {
  const names = Object.keys(left.attributes);
  return (
    names.length === Object.keys(right.attributes).length &&
    names.every((name) => left.attributes[name] === right.attributes[name])
  );
}

// How deep an element is by its indentation, at four blanks a level, as IIS writes.
function levelOf(text: string, range: XmlRange): number {
  return Math.floor((range.start - 1 - text.lastIndexOf('\n', range.start - 1)) / 4);
}

function blankBefore(text: string, start: number): number {
  return text.slice(0, start).trimEnd().length;
}

function startTag(name: string, element: XmlElement, empty: boolean): string {
  const attributes = Object.entries(element.attributes).map(
    ([key, value]) => ` ${key.slice(key.lastIndexOf('}') + 1)}="${escapeAttribute(value)}"`,
  );
  return `<${name}${attributes.join('')}${empty ? ' />' : '>'}`;
}

function inner(element: XmlElement, level: number): string {
  return writeElement(element, level).trim();
}
