import { children, contentOf, type DerElement, derError, open, TAG, take, takeAny, finish } from '../asn1/der.ts';
import { readOid } from '../asn1/der-values.ts';

/** One AttributeTypeAndValue of a name (RFC 5280 section 4.1.2.4). */
export interface NameAttribute {
  readonly oid: string;
  readonly tag: number;
  /** Content octets. */
  readonly value: Uint8Array;
}

/** A Name as its relative distinguished names in the order of the encoding; empty for the empty name. */
export type DistinguishedName = readonly (readonly NameAttribute[])[];

/** Decodes a Name. Throws PKI_DER_INVALID. */
export function readName(element: DerElement): DistinguishedName {
  return open(element).elements.map((set) => {
    if (set.tag !== TAG.set) throw derError('a relative distinguished name', set.start);
    const attributes = children(set).map((attribute) => {
      const cursor = open(attribute);
      const oid = readOid(take(cursor, TAG.oid));
      const value = takeAny(cursor);
      finish(cursor);
      return { oid, tag: value.tag, value: contentOf(value) };
    });
    if (attributes.length === 0) throw derError('an empty relative distinguished name', set.start);
    return attributes;
  });
}

/** The last common name, or null. */
export function commonName(name: DistinguishedName): string | null {
  return commonNames(name).at(-1) ?? null;
}

/** All common names, in the order of the encoding. */
export function commonNames(name: DistinguishedName): readonly string[] {
  return name.flatMap((set) => set.filter(({ oid }) => oid === '2.5.4.3').map(attributeText));
}

/** The name as Windows and RFC 4514 write it, the last part first: `CN=shop.example, O=Shop, C=DE`. */
export function nameText(name: DistinguishedName): string {
  return name
    .map((set) =>
      set.map((attribute) => `${LABELS[attribute.oid] ?? attribute.oid}=${escape(attributeText(attribute))}`).join('+'),
    )
    .toReversed()
    .join(', ');
}

/** The text of an attribute; octets that its string type does not allow become U+FFFD, other types `#hex`. */
export function attributeText({ tag, value }: NameAttribute): string {
  switch (tag) {
    case TAG.utf8String:
      return utf8.decode(value);
    case TAG.numericString:
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.visibleString:
    case TAG.teletexString:
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
    case TAG.bmpString:
      return value.length % 2 === 0 ? utf16.decode(value) : hexText(value);
    case TAG.universalString:
      return value.length % 4 === 0 ? utf32(value) : hexText(value);
    default:
      return hexText(value);
  }
}

const LABELS: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'S',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'T',
  '2.5.4.42': 'G',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'E',
};

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const utf16 = new TextDecoder('utf-16be', { ignoreBOM: true });

function utf32(value: Uint8Array): string {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  let text = '';
  for (let offset = 0; offset < value.length; offset += 4) {
    const point = view.getUint32(offset);
    text += point > 0x10ffff ? '\ufffd' : String.fromCodePoint(point);
  }
  return text;
}

function hexText(value: Uint8Array): string {
  return `#${Buffer.from(value).toString('hex')}`;
}

function escape(text: string): string {
  return /[,+"\\<>;=]|^[ #]| $/.test(text) ? text.replace(/[,+"\\<>;=]|^[ #]| $/g, '\\$&') : text;
}
