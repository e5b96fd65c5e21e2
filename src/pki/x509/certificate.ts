import { hash } from 'node:crypto';
import { EverbindError } from '../../errors/error.ts';
import {
  type DerElement,
  derError,
  encodingOf,
  finish,
  open,
  readDer,
  TAG,
  take,
  takeAny,
  takeOptional,
} from '../asn1/der.ts';
import { readTime } from '../asn1/der-time.ts';
import { readBitString, readInteger, readOctetAlignedBits, readOid, readSmallInteger } from '../asn1/der-values.ts';
import { commonName, type DistinguishedName, nameText, readName } from './distinguished-name.ts';
import {
  type AuthorityKeyIdentifier,
  type BasicConstraints,
  type Extension,
  type KeyUsage,
  type NameConstraints,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readExtendedKeyUsage,
  readExtensions,
  readGeneralNames,
  readKeyUsage,
  readNameConstraints,
  readSubjectKeyIdentifier,
} from './extensions.ts';
import { type GeneralName, identifiersOf } from './general-name.ts';
import type { Identifier } from './names.ts';
import { EXTENSION } from '../asn1/oids.ts';

/** An X.509 certificate (RFC 5280 section 4.1), decoded but not judged: path/ and check-issued.ts do that. */
export interface Certificate {
  readonly der: Uint8Array;
  /** 1, 2 or 3. */
  readonly version: number;
  /** Content octets of the serial number, lower hex; a leading 00 is kept. */
  readonly serialHex: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  /** Milliseconds since 1970; the certificate is still valid in this second. */
  readonly notAfter: number;
  /** Both times in the form that RFC 5280 section 4.1.2.5 asks for. */
  readonly validityCanonical: boolean;
  readonly subjectDer: Uint8Array;
  readonly issuerDer: Uint8Array;
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  readonly subjectCommonName: string | null;
  readonly issuerCommonName: string | null;
  /** `CN=shop.example, O=Shop`; not safe for a terminal as it stands. */
  readonly subjectText: string;
  readonly issuerText: string;
  /** Subject alternative names as they stand; null without the extension. */
  readonly subjectAltNames: readonly GeneralName[] | null;
  /** The DNS and IP names among them in canonical form, each once; entries that no host can match are left out. */
  readonly identifiers: readonly Identifier[];
  /** SubjectPublicKeyInfo. */
  readonly spkiDer: Uint8Array;
  readonly keyUsage: ReadonlySet<KeyUsage> | null;
  /** Object identifiers; null without the extension. */
  readonly extendedKeyUsage: readonly string[] | null;
  readonly basicConstraints: BasicConstraints | null;
  readonly isCa: boolean;
  readonly pathLength: number | null;
  readonly authorityKey: AuthorityKeyIdentifier | null;
  /** Key identifier in the authority key identifier extension, lower hex. */
  readonly authorityKeyIdentifier: string | null;
  /** Lower hex. */
  readonly subjectKeyIdentifier: string | null;
  readonly nameConstraints: NameConstraints | null;
  readonly extensions: ReadonlyMap<string, Extension>;
  /** Object identifiers of critical extensions that Everbind does not process. */
  readonly unknownCriticalExtensions: readonly string[];
  readonly signatureAlgorithmOid: string;
  /** AlgorithmIdentifier, parameters included. */
  readonly signatureAlgorithmDer: Uint8Array;
  /** What is signed. */
  readonly tbsDer: Uint8Array;
  readonly signature: Uint8Array;
  /** SHA-1 of the certificate, lower hex: how Windows names it. */
  readonly thumbprint: string;
  /** SHA-256 of the certificate, lower hex. */
  readonly fingerprint: string;
}

/** No certificate is larger: one with 1,000 names has about 40 KiB. */
export const MAX_CERTIFICATE_BYTES = 256 * 1024;

/** Decodes a DER certificate; `der` is kept, not copied. Throws PKI_CERTIFICATE_INVALID. */
export function parseCertificate(der: Uint8Array): Certificate {
  try {
    return decode(der);
  } catch (error) {
    if (!(error instanceof EverbindError)) throw error;
    throw new EverbindError(
      'PKI_CERTIFICATE_INVALID',
      `A certificate that cannot be parsed. ${error.message}`,
      error.details,
      {
        cause: error,
      },
    );
  }
}

function decode(der: Uint8Array): Certificate {
  const outer = open(readDer(der, MAX_CERTIFICATE_BYTES));
  const tbs = take(outer, TAG.sequence);
  const signatureAlgorithm = take(outer, TAG.sequence);
  const signature = readOctetAlignedBits(take(outer, TAG.bitString));
  finish(outer);

  const fields = open(tbs);
  const version = readVersion(takeOptional(fields, 0xa0));
  const serial = readInteger(take(fields, TAG.integer));
  const innerAlgorithm = take(fields, TAG.sequence);
  // Section 4.1.1.2: or an attacker could have the signature read by the rules of another algorithm.
  if (Buffer.compare(encodingOf(innerAlgorithm), encodingOf(signatureAlgorithm)) !== 0) {
    throw derError('two different signature algorithms', innerAlgorithm.start);
  }
  const issuerElement = take(fields, TAG.sequence);
  const validity = open(take(fields, TAG.sequence));
  const notBefore = readTime(takeAny(validity));
  const notAfter = readTime(takeAny(validity));
  finish(validity);
  const subjectElement = take(fields, TAG.sequence);
  const spki = take(fields, TAG.sequence);
  for (const tag of [0x81, 0x82]) {
    const uniqueId = takeOptional(fields, tag);
    if (uniqueId === null) continue;
    readBitString(uniqueId, tag);
    if (version === 1) throw derError('a unique identifier in a version 1 certificate', uniqueId.start);
  }
  const extensionsElement = takeOptional(fields, 0xa3);
  finish(fields);
  if (extensionsElement !== null && version !== 3)
    throw derError('extensions outside version 3', extensionsElement.start);

  const extensions = readWrappedExtensions(extensionsElement);
  const value = (oid: string): Uint8Array | undefined => extensions.get(oid)?.value;
  const decoded = <T>(oid: string, read: (value: Uint8Array) => T): T | null => {
    const octets = value(oid);
    return octets === undefined ? null : read(octets);
  };
  const subject = readName(subjectElement);
  const issuer = readName(issuerElement);
  const subjectAltNames = decoded(EXTENSION.subjectAltName, readGeneralNames);
  const basicConstraints = decoded(EXTENSION.basicConstraints, readBasicConstraints);
  const authorityKey = decoded(EXTENSION.authorityKeyIdentifier, readAuthorityKeyIdentifier);
  return {
    der,
    version,
    serialHex: Buffer.from(serial).toString('hex'),
    notBefore: notBefore.ms,
    notAfter: notAfter.ms,
    validityCanonical: notBefore.canonical && notAfter.canonical,
    subjectDer: encodingOf(subjectElement),
    issuerDer: encodingOf(issuerElement),
    subject,
    issuer,
    subjectCommonName: commonName(subject),
    issuerCommonName: commonName(issuer),
    subjectText: nameText(subject),
    issuerText: nameText(issuer),
    subjectAltNames,
    identifiers: identifiersOf(subjectAltNames ?? []),
    spkiDer: encodingOf(spki),
    keyUsage: decoded(EXTENSION.keyUsage, readKeyUsage),
    extendedKeyUsage: decoded(EXTENSION.extendedKeyUsage, readExtendedKeyUsage),
    basicConstraints,
    isCa: basicConstraints?.isCa ?? false,
    pathLength: basicConstraints?.pathLength ?? null,
    authorityKey,
    authorityKeyIdentifier: authorityKey?.keyIdentifier ?? null,
    subjectKeyIdentifier: decoded(EXTENSION.subjectKeyIdentifier, readSubjectKeyIdentifier),
    nameConstraints: decoded(EXTENSION.nameConstraints, readNameConstraints),
    extensions,
    unknownCriticalExtensions: [...extensions.values()]
      .filter((extension) => extension.critical && !PROCESSED.has(extension.oid))
      .map((extension) => extension.oid),
    signatureAlgorithmOid: readOid(take(open(signatureAlgorithm), TAG.oid)),
    signatureAlgorithmDer: encodingOf(signatureAlgorithm),
    tbsDer: encodingOf(tbs),
    signature,
    thumbprint: thumbprintOf(der),
    fingerprint: hash('sha256', der, 'hex'),
  };
}

const PROCESSED: ReadonlySet<string> = new Set([
  EXTENSION.subjectKeyIdentifier,
  EXTENSION.keyUsage,
  EXTENSION.subjectAltName,
  EXTENSION.basicConstraints,
  EXTENSION.nameConstraints,
  EXTENSION.certificatePolicies,
  EXTENSION.policyMappings,
  EXTENSION.policyConstraints,
  EXTENSION.inhibitAnyPolicy,
  EXTENSION.authorityKeyIdentifier,
  EXTENSION.extendedKeyUsage,
  EXTENSION.tlsFeature,
]);

/** SHA-1 of the DER, lower-case hex: how Windows names a certificate. */
export function thumbprintOf(der: Uint8Array): string {
  return hash('sha1', der, 'hex');
}

/** Subject and issuer are the same name (RFC 5280 section 3.2). */
export function isSelfIssued({ subjectDer, issuerDer }: Pick<Certificate, 'subjectDer' | 'issuerDer'>): boolean {
  return Buffer.compare(subjectDer, issuerDer) === 0;
}

function readVersion(element: DerElement | null): number {
  if (element === null) return 1;
  const cursor = open(element, 0xa0);
  const version = readSmallInteger(take(cursor, TAG.integer)) + 1;
  finish(cursor);
  if (version > 3) throw derError('an unknown version', element.start);
  return version;
}

function readWrappedExtensions(element: DerElement | null): ReadonlyMap<string, Extension> {
  if (element === null) return new Map();
  const cursor = open(element, 0xa3);
  const extensions = readExtensions(take(cursor, TAG.sequence));
  finish(cursor);
  return extensions;
}
