import { contentOf, type DerElement, encodingOf, open, TAG, take } from '../asn1/der.ts';
import { readOid } from '../asn1/der-values.ts';
import { formatIp } from './ip-address.ts';
import { dnsNameProblem, type Identifier } from './names.ts';

/** A GeneralName (RFC 5280 section 4.2.1.6) as it stands in the certificate, not judged. */
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

/**
 * The DNS and IP names of a subjectAltName extension in canonical form; underscores, which hosts inside companies have,
 * are let through.
 */
export function identifiersOf(names: readonly GeneralName[]): Identifier[] {
  const found = new Map<string, Identifier>();
  for (const name of names) {
    if (name.type === 'dns') {
      const value = name.value.toLowerCase();
      if (dnsNameProblem(value.replaceAll('_', 'x')) === null) {
        found.set(`dns:${value}`, { type: 'dns', value });
      }
    } else if (name.type === 'ip' && (name.octets.length === 4 || name.octets.length === 16)) {
      const value = formatIp(name.octets);
      found.set(`ip:${value}`, { type: 'ip', value });
    }
  }
  return [...found.values()];
}

/** Why an entry of a subjectAltName breaks RFC 5280 section 4.2.1.6, or null. */
export function altNameProblem(name: GeneralName): string | null {
  switch (name.type) {
    case 'dns': {
      const problem = dnsNameProblem(name.value.toLowerCase());
      return problem === null ? null : `the DNS name ${JSON.stringify(name.value)} is not usable: ${problem}`;
    }
    case 'ip':
      return name.octets.length === 4 || name.octets.length === 16
        ? null
        : `an IP address of ${name.octets.length} octets`;
    case 'email':
      return parseMailbox(name.value) === null ? 'an email address that is no mailbox' : null;
    case 'uri':
      return /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/.test(name.value) ? null : 'a URI without a scheme';
    case 'directory':
    case 'other':
    case 'unsupported':
      return null;
  }
}

/** Local part and lower-case host of an rfc822Name; null when it is none. */
export function parseMailbox(text: string): { local: string; host: string } | null {
  const at = text.lastIndexOf('@');
  const local = text.slice(0, Math.max(at, 0));
  const host = text.slice(at + 1).toLowerCase();
  const quoted = /^"[\x20-\x7e]*"$/.test(local);
  if (at < 1 || (!quoted && !/^[^\s@"(),:;<>[\]\\\x80-\xff]+$/.test(local))) return null;
  return host.startsWith('*') || dnsNameProblem(host) !== null ? null : { local, host };
}

function latin1({ source, content, end }: DerElement): string {
  return Buffer.from(source.buffer, source.byteOffset + content, end - content).toString('latin1');
}
