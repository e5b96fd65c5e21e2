import { contentOf, type DerElement, encodingOf, open, TAG, take } from '../asn1/der.ts';
import { readOid } from '../asn1/der-values.ts';

/** A GeneralName (RFC 5280 section 4.2.1.6), as it stands in the certificate and not judged. */
export type GeneralName =
  /** `value` has one character an octet. */
  | { readonly type: 'dns' | 'email' | 'uri'; readonly value: string }
  | { readonly type: 'ip'; readonly octets: Uint8Array }
  /** `der` is the Name inside. */
  | { readonly type: 'directory'; readonly der: Uint8Array }
  | { readonly type: 'other'; readonly oid: string; readonly der: Uint8Array }
  /** x400Address, ediPartyName, registeredID and numbers that RFC 5280 does not know. */
  | { readonly type: 'unsupported'; readonly tag: number; readonly der: Uint8Array };

/** Decodes one GeneralName. Throws PKI_DER_INVALID. */
export function readGeneralName(element: DerElement): GeneralName {
  switch (element.tag) {
    case 0x81:
      return { type: 'email', value: latin1(element) };
    case 0x82:
      return { type: 'dns', value: latin1(element) };
    case 0x86:
      return { type: 'uri', value: latin1(element) };
    case 0x87:
      return { type: 'ip', octets: contentOf(element) };
    case 0xa4: {
      // Explicitly tagged, because Name is a CHOICE.
      const cursor = open(element, 0xa4);
      return { type: 'directory', der: encodingOf(take(cursor, TAG.sequence)) };
    }
    case 0xa0: {
      const cursor = open(element, 0xa0);
      return { type: 'other', oid: readOid(take(cursor, TAG.oid)), der: encodingOf(element) };
    }
    default:
      return { type: 'unsupported', tag: element.tag, der: encodingOf(element) };
  }
}

function latin1({ source, content, end }: DerElement): string {
  return Buffer.from(source.buffer, source.byteOffset + content, end - content).toString('latin1');
}
