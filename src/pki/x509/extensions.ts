import {
  children,
  contentOf,
  type DerElement,
  derError,
  expectTag,
  finish,
  open,
  readDer,
  TAG,
  take,
  takeOptional,
} from '../asn1/der.ts';
import { readBoolean, readNamedBits, readOctets, readOid, readSmallInteger } from '../asn1/der-values.ts';
import { type GeneralName, readGeneralName } from './general-name.ts';

/** One extension; `value` holds the DER inside the OCTET STRING. */
export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** Bits of the key usage extension (RFC 5280 section 4.2.1.3). */
export type KeyUsage =
  | 'digitalSignature'
  | 'nonRepudiation'
  | 'keyEncipherment'
  | 'dataEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign'
  | 'encipherOnly'
  | 'decipherOnly';

export interface BasicConstraints {
  readonly isCa: boolean;
  readonly pathLength: number | null;
}

export interface AuthorityKeyIdentifier {
  /** Lower hex. */
  readonly keyIdentifier: string | null;
  readonly issuer: readonly GeneralName[] | null;
  /** Lower hex of the content octets. */
  readonly serialHex: string | null;
}

export interface NameConstraints {
  /** null when absent. */
  readonly permitted: readonly GeneralName[] | null;
  readonly excluded: readonly GeneralName[] | null;
}

const MAX_EXTENSION = 1024 * 1024;

/** The Extensions sequence (RFC 5280 section 4.2), each object identifier at most once. Throws PKI_DER_INVALID. */
export function readExtensions(element: DerElement): Map<string, Extension> {
  const extensions = new Map<string, Extension>();
  for (const entry of open(element).elements) {
    const cursor = open(entry);
    const oid = readOid(take(cursor, TAG.oid));
    // DER leaves out FALSE, but deployed authorities write it.
    const critical = takeOptional(cursor, TAG.boolean);
    const value = readOctets(take(cursor, TAG.octetString));
    finish(cursor);
    if (extensions.has(oid)) throw derError(`extension ${oid} twice`, entry.start);
    extensions.set(oid, { oid, critical: critical !== null && readBoolean(critical), value });
  }
  if (extensions.size === 0) throw derError('an empty list of extensions', element.start);
  return extensions;
}

/** RFC 5280 section 4.2.1.9. */
export function readBasicConstraints(value: Uint8Array): BasicConstraints {
  const cursor = open(readDer(value, MAX_EXTENSION));
  const ca = takeOptional(cursor, TAG.boolean);
  const length = takeOptional(cursor, TAG.integer);
  finish(cursor);
  return { isCa: ca !== null && readBoolean(ca), pathLength: length === null ? null : readSmallInteger(length) };
}

/** RFC 5280 section 4.2.1.3. */
export function readKeyUsage(value: Uint8Array): ReadonlySet<KeyUsage> {
  const usages = new Set<KeyUsage>();
  for (const bit of readNamedBits(readDer(value, MAX_EXTENSION))) {
    const usage = KEY_USAGES[bit];
    if (usage !== undefined) usages.add(usage);
  }
  return usages;
}

/** Object identifiers of RFC 5280 section 4.2.1.12; at least one. */
export function readExtendedKeyUsage(value: Uint8Array): string[] {
  const purposes = children(sequence(value)).map((element) => readOid(element));
  if (purposes.length === 0) throw derError('an extended key usage of nothing', 0);
  return purposes;
}

/** GeneralNames (RFC 5280 section 4.2.1.6); at least one. */
export function readGeneralNames(value: Uint8Array): GeneralName[] {
  const names = children(sequence(value)).map((element) => readGeneralName(element));
  if (names.length === 0) throw derError('an empty list of names', 0);
  return names;
}

/** RFC 5280 section 4.2.1.2, lower hex. */
export function readSubjectKeyIdentifier(value: Uint8Array): string {
  return hex(readOctets(readDer(value, MAX_EXTENSION)));
}

/** RFC 5280 section 4.2.1.1. */
export function readAuthorityKeyIdentifier(value: Uint8Array): AuthorityKeyIdentifier {
  const cursor = open(readDer(value, MAX_EXTENSION));
  const keyIdentifier = takeOptional(cursor, 0x80);
  const issuer = takeOptional(cursor, 0xa1);
  const serial = takeOptional(cursor, 0x82);
  finish(cursor);
  return {
    keyIdentifier: keyIdentifier === null ? null : hex(contentOf(keyIdentifier)),
    issuer: issuer === null ? null : children(issuer).map((element) => readGeneralName(element)),
    serialHex: serial === null ? null : hex(contentOf(serial)),
  };
}

/** RFC 5280 section 4.2.1.10; minimum must be 0 and maximum absent. At least one subtree in each list that is there. */
export function readNameConstraints(value: Uint8Array): NameConstraints {
  const cursor = open(readDer(value, MAX_EXTENSION));
  const permitted = takeOptional(cursor, 0xa0);
  const excluded = takeOptional(cursor, 0xa1);
  finish(cursor);
  if (permitted === null && excluded === null) throw derError('name constraints of nothing', 0);
  return {
    permitted: permitted === null ? null : readSubtrees(permitted),
    excluded: excluded === null ? null : readSubtrees(excluded),
  };
}

/** The features of RFC 7633; 5 is status_request, "must staple". */
export function readTlsFeature(value: Uint8Array): number[] {
  return children(sequence(value)).map((element) => readSmallInteger(element));
}

const KEY_USAGES: readonly KeyUsage[] = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
];

function readSubtrees(element: DerElement): GeneralName[] {
  const subtrees = children(element).map((subtree) => {
    const elements = children(subtree);
    expectTag(subtree, TAG.sequence);
    const [base, extra] = elements;
    if (base === undefined) throw derError('a subtree without a base', subtree.start);
    if (extra !== undefined) throw derError('a subtree with a minimum or maximum', extra.start);
    return readGeneralName(base);
  });
  if (subtrees.length === 0) throw derError('an empty list of subtrees', element.start);
  return subtrees;
}

function sequence(value: Uint8Array): DerElement {
  const element = readDer(value, MAX_EXTENSION);
  expectTag(element, TAG.sequence);
  return element;
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('hex');
}
