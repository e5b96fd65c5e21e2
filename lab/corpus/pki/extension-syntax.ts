import { EverbindError } from '../../../src/errors/error.ts';
import type { Certificate } from '../../../src/pki/x509/certificate.ts';
import {
  children,
  type DerElement,
  derError,
  expectTag,
  finish,
  open,
  readDer,
  TAG,
  take,
  takeAny,
  takeOptional,
} from '../../../src/pki/asn1/der.ts';
import { readBitString, readOctets, readOid } from '../../../src/pki/asn1/der-values.ts';
import { readGeneralNames, readTlsFeature } from '../../../src/pki/x509/extensions.ts';
import { readGeneralName } from '../../../src/pki/x509/general-name.ts';
import { EXTENSION } from '../../../src/pki/asn1/oids.ts';
import { STRICT_EXTENSION } from './oids.ts';

/**
 * The first extension whose value is malformed although `parseCertificate` let it pass, because nothing here acts upon
 * it (others do, so that it must not be garbage either) or because CAs in wide use have written it so. null when there
 * is none.
 */
export function malformedExtension(certificate: Certificate): string | null {
  for (const { oid, value } of certificate.extensions.values()) {
    try {
      CHECKS[oid]?.(value);
    } catch (error) {
      if (error instanceof EverbindError) return oid;
      throw error;
    }
  }
  return null;
}

const CHECKS: Readonly<Record<string, (value: Uint8Array) => unknown>> = {
  [EXTENSION.keyUsage]: (value) => namedBits(readDer(value, value.length), TAG.bitString),
  [STRICT_EXTENSION.authorityInformationAccess]: accessDescriptions,
  [STRICT_EXTENSION.subjectInformationAccess]: accessDescriptions,
  [STRICT_EXTENSION.issuerAltName]: readGeneralNames,
  [STRICT_EXTENSION.crlDistributionPoints]: distributionPoints,
  [STRICT_EXTENSION.freshestCrl]: distributionPoints,
  [EXTENSION.certificatePolicies]: policies,
  [EXTENSION.tlsFeature]: readTlsFeature,
  [STRICT_EXTENSION.signedCertificateTimestamps]: (value) => readOctets(readDer(value, value.length)),
};

/** Without trailing zero bits (X.690 section 11.2.2). */
function namedBits(element: DerElement, tag: number): void {
  const { octets, unusedBits } = readBitString(element, tag);
  const last = octets.at(-1);
  if (last !== undefined && ((last >> unusedBits) & 1) === 0) throw derError('trailing zero bits', element.start);
  if (octets.length > 4) throw derError('too many bits', element.start);
}

/** Sections 4.2.2.1 and 4.2.2.2. */
function accessDescriptions(value: Uint8Array): void {
  for (const entry of entries(value)) {
    const cursor = open(entry);
    readOid(take(cursor, TAG.oid));
    readGeneralName(takeAny(cursor));
    finish(cursor);
  }
}

/** Section 4.2.1.13: a point or an issuer, not just reasons. */
function distributionPoints(value: Uint8Array): void {
  for (const entry of entries(value)) {
    const cursor = open(entry);
    const point = takeOptional(cursor, 0xa0);
    const reasons = takeOptional(cursor, 0x81);
    const issuer = takeOptional(cursor, 0xa2);
    finish(cursor);
    if (point === null && issuer === null) throw derError('a distribution point of nothing', entry.start);
    if (reasons !== null) namedBits(reasons, 0x81);
    for (const name of issuer === null ? [] : children(issuer)) readGeneralName(name);
    const full = point === null ? null : takeOptional(open(point, 0xa0), 0xa0);
    for (const name of full === null ? [] : children(full)) readGeneralName(name);
  }
}

/** Section 4.2.1.4. */
function policies(value: Uint8Array): void {
  for (const entry of entries(value)) {
    const cursor = open(entry);
    readOid(take(cursor, TAG.oid));
    const qualifiers = takeOptional(cursor, TAG.sequence);
    finish(cursor);
    for (const qualifier of qualifiers === null ? [] : children(qualifiers)) {
      const pair = open(qualifier);
      readOid(take(pair, TAG.oid));
      takeAny(pair);
      finish(pair);
    }
  }
}

function entries(value: Uint8Array): DerElement[] {
  const list = readDer(value, value.length);
  expectTag(list, TAG.sequence);
  const elements = children(list);
  if (elements.length === 0) throw derError('an empty list', list.start);
  return elements;
}
