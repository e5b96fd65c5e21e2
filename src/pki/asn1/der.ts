import { EverbindError } from '../../errors/error.ts';

/**
 * One element of a DER encoding (X.690), a window into the octets it was read from. Only the canonical form is read:
 * definite, minimal lengths and tags below 31; whatever else is refused with PKI_DER_INVALID.
 */
export interface DerElement {
  readonly source: Uint8Array;
  /** The identifier octet: class, constructed bit and number. */
  readonly tag: number;
  /** Where the identifier octet is. */
  readonly start: number;
  /** Where the content begins. */
  readonly content: number;
  readonly end: number;
  readonly depth: number;
}

/** Identifier octets. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

// A certificate nests about ten deep; general names with distinguished names in name constraints reach fifteen.
const MAX_DEPTH = 24;

/** The one element that fills these octets. Throws PKI_DER_INVALID, also when there are more than `maxBytes`. */
export function readDer(source: Uint8Array, maxBytes: number): DerElement {
  if (source.length > maxBytes) throw derError('too many octets', 0);
  const element = readAt(source, 0, source.length, 0);
  if (element.end !== source.length) throw derError('octets follow the element', element.end);
  return element;
}

/** The elements inside a constructed one, in order. */
export function children(parent: DerElement): DerElement[] {
  if ((parent.tag & 0x20) === 0) throw derError('a primitive element where a constructed one belongs', parent.start);
  if (parent.depth >= MAX_DEPTH) throw derError('nested too deep', parent.start);
  const elements: DerElement[] = [];
  for (let offset = parent.content; offset < parent.end; ) {
    const element = readAt(parent.source, offset, parent.end, parent.depth + 1);
    elements.push(element);
    offset = element.end;
  }
  return elements;
}

/** The content octets; a view, not a copy. */
export function contentOf(element: DerElement): Uint8Array {
  return element.source.subarray(element.content, element.end);
}

/** Identifier, length and content octets; a view, not a copy. */
export function encodingOf(element: DerElement): Uint8Array {
  return element.source.subarray(element.start, element.end);
}

/** A place in the elements of a SEQUENCE, for reading fields in order. */
export interface DerCursor {
  readonly parent: DerElement;
  readonly elements: readonly DerElement[];
  next: number;
}

/** Opens a constructed element with this tag. */
export function open(element: DerElement, tag: number = TAG.sequence): DerCursor {
  expectTag(element, tag);
  return { parent: element, elements: children(element), next: 0 };
}

/** The next element of whatever tag. */
export function takeAny(cursor: DerCursor): DerElement {
  const element = cursor.elements[cursor.next];
  if (element === undefined) throw derError('a field is missing', cursor.parent.end);
  cursor.next += 1;
  return element;
}

/** The next element, which must have this tag. */
export function take(cursor: DerCursor, tag: number): DerElement {
  const element = takeAny(cursor);
  expectTag(element, tag);
  return element;
}

/** The next element if it has this tag. */
export function takeOptional(cursor: DerCursor, tag: number): DerElement | null {
  const element = cursor.elements[cursor.next];
  if (element === undefined || element.tag !== tag) return null;
  cursor.next += 1;
  return element;
}

/** Nothing may follow. */
export function finish(cursor: DerCursor): void {
  const element = cursor.elements[cursor.next];
  if (element !== undefined) throw derError('an unexpected field', element.start);
}

/** Refuses another tag. */
export function expectTag(element: DerElement, tag: number): void {
  if (element.tag !== tag) throw derError(`tag ${element.tag} where ${tag} belongs`, element.start);
}

/** PKI_DER_INVALID at an offset. */
export function derError(problem: string, offset: number): EverbindError {
  return new EverbindError('PKI_DER_INVALID', `Not canonical DER at octet ${offset}: ${problem}`, { offset });
}

function readAt(source: Uint8Array, start: number, limit: number, depth: number): DerElement {
  const tag = source[start];
  const first = source[start + 1];
  if (tag === undefined || first === undefined || start + 2 > limit) throw derError('cut short', start);
  if ((tag & 0x1f) === 0x1f) throw derError('a tag number of 31 or more', start);
  let content = start + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0) throw derError('an indefinite length', start);
    if (count > 4 || content + count > limit) throw derError('a length of too many octets', start);
    length = 0;
    for (let index = 0; index < count; index += 1) length = length * 256 + (source[content + index] ?? 0);
    if (length < 0x80 || length < 256 ** (count - 1)) throw derError('a length that is not minimal', start);
    content += count;
  }
  const end = content + length;
  if (end > limit) throw derError('longer than what holds it', start);
  return { source, tag, start, content, end, depth };
}
