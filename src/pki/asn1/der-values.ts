import { contentOf, type DerElement, derError, expectTag, TAG } from './der.ts';

/** TRUE is FF (X.690 section 11.1). */
export function readBoolean(element: DerElement): boolean {
  expectTag(element, TAG.boolean);
  const octet = element.source[element.content];
  if (element.end - element.content !== 1 || (octet !== 0x00 && octet !== 0xff))
    throw derError('a boolean', element.start);
  return octet === 0xff;
}

/** The content octets of an INTEGER: two's complement, minimal (X.690 section 8.3.2). */
export function readInteger(element: DerElement): Uint8Array {
  expectTag(element, TAG.integer);
  const octets = contentOf(element);
  const [first, second] = octets;
  if (first === undefined) throw derError('an empty integer', element.start);
  if (second !== undefined && ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw derError('an integer that is not minimal', element.start);
  }
  return octets;
}

/** A non-negative INTEGER below 2^31. */
export function readSmallInteger(element: DerElement): number {
  const octets = readInteger(element);
  if (octets.length > 4 || (octets[0] ?? 0) >= 0x80) throw derError('an integer out of range', element.start);
  return octets.reduce((value, octet) => value * 256 + octet, 0);
}

/** Dotted text of an OBJECT IDENTIFIER. */
export function readOid(element: DerElement): string {
  expectTag(element, TAG.oid);
  const { source, content, end } = element;
  if (content === end || end - content > 64) throw derError('an object identifier', element.start);
  let text = '';
  let value = 0;
  let starting = true;
  for (let index = content; index < end; index += 1) {
    const octet = source[index] ?? 0;
    if (starting && octet === 0x80) throw derError('an object identifier that is not minimal', element.start);
    starting = false;
    if (value > 0xffffffffffff) throw derError('an object identifier with a huge arc', element.start);
    value = value * 128 + (octet & 0x7f);
    if (octet < 0x80) {
      if (text === '') text = value < 80 ? `${Math.floor(value / 40)}.${value % 40}` : `2.${value - 80}`;
      else text += `.${value}`;
      value = 0;
      starting = true;
    }
  }
  if (!starting) throw derError('an object identifier that is cut short', element.start);
  return text;
}

/** A BIT STRING of whole octets: keys and signatures. */
export function readOctetAlignedBits(element: DerElement): Uint8Array {
  const { octets, unusedBits } = readBitString(element, TAG.bitString);
  if (unusedBits !== 0) throw derError('a bit string that is not whole octets', element.start);
  return octets;
}

/**
 * The numbers of the set bits of a named bit list. DER drops trailing zero bits (X.690 section 11.2.2), but CAs in wide
 * use have written them.
 */
export function readNamedBits(element: DerElement): number[] {
  const { octets } = readBitString(element, TAG.bitString);
  if (octets.length > 4) throw derError('too many bits', element.start);
  const bits: number[] = [];
  for (let bit = 0; bit < octets.length * 8; bit += 1) {
    if (((octets[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) bits.push(bit);
  }
  return bits;
}

/** A BIT STRING, the padding bits zero (X.690 section 11.2.1). */
export function readBitString(element: DerElement, tag: number): { octets: Uint8Array; unusedBits: number } {
  expectTag(element, tag);
  const unusedBits = element.source[element.content];
  const octets = element.source.subarray(element.content + 1, element.end);
  if (unusedBits === undefined || element.content === element.end || unusedBits > (octets.length === 0 ? 0 : 7)) {
    throw derError('a bit string', element.start);
  }
  if (((octets.at(-1) ?? 0) & ((1 << unusedBits) - 1)) !== 0)
    throw derError('padding bits that are set', element.start);
  return { octets, unusedBits };
}

/** The content of an OCTET STRING. */
export function readOctets(element: DerElement): Uint8Array {
  expectTag(element, TAG.octetString);
  return contentOf(element);
}
