import type { Certificate } from '../../../src/pki/x509/certificate.ts';
import type { Crl } from './crl.ts';
import {
  children,
  contentOf,
  derError,
  encodingOf,
  finish,
  open,
  readDer,
  takeOptional,
  type DerElement,
} from '../../../src/pki/asn1/der.ts';
import { STRICT_EXTENSION } from './oids.ts';

/** Which certificates a CRL speaks for (the issuing distribution point, RFC 5280 section 5.2.5). */
export interface DistributionScope {
  /** Encoded names of the point; null when the list is not for a certain point. */
  readonly names: readonly Uint8Array[] | null;
  readonly only: 'user' | 'ca' | 'attribute' | null;
  /** Such a list can tell that a certificate is revoked, not that it is good. */
  readonly someReasons: boolean;
}

/**
 * The scope of a CRL, null when it is for everything of its issuer. Throws PKI_DER_INVALID when it is malformed or one
 * we do not process.
 */
export function readDistributionScope(crl: Crl): DistributionScope | null {
  const extension = crl.extensions.get(STRICT_EXTENSION.issuingDistributionPoint);
  if (extension === undefined) return null;
  const cursor = open(readDer(extension.value, extension.value.length));
  const point = takeOptional(cursor, 0xa0);
  const user = readFlag(takeOptional(cursor, 0x81));
  const authority = readFlag(takeOptional(cursor, 0x82));
  const reasons = takeOptional(cursor, 0x83);
  const indirect = readFlag(takeOptional(cursor, 0x84));
  const attribute = readFlag(takeOptional(cursor, 0x85));
  finish(cursor);
  if (!extension.critical) throw derError('an uncritical issuing distribution point', 0);
  if (cursor.elements.length === 0) throw derError('an empty issuing distribution point', 0);
  if (indirect) throw derError('an indirect CRL', 0);
  if ([user, authority, attribute].filter(Boolean).length > 1) throw derError('a CRL that is for nothing', 0);
  return {
    names: point === null ? null : readPointNames(point),
    only: user ? 'user' : authority ? 'ca' : attribute ? 'attribute' : null,
    someReasons: reasons !== null,
  };
}

/** Whether the certificate names the point of this list among its own (RFC 5280 section 6.3.3 b 2 i). */
export function distributionPointMatches({ names }: DistributionScope, certificate: Certificate): boolean {
  if (names === null) return true;
  const value = certificate.extensions.get(STRICT_EXTENSION.crlDistributionPoints)?.value;
  if (value === undefined) return false;
  return children(readDer(value, value.length)).some((entry) => {
    const point = takeOptional(open(entry), 0xa0);
    const own = point === null ? [] : readPointNames(point);
    return own.some((name) => names.some((other) => Buffer.compare(name, other) === 0));
  });
}

/** DistributionPointName; names relative to the issuer are not in use and not processed. */
function readPointNames(element: DerElement): Uint8Array[] {
  const cursor = open(element, 0xa0);
  const full = takeOptional(cursor, 0xa0);
  finish(cursor);
  if (full === null) throw derError('a distribution point that is relative to the issuer', element.start);
  return children(full).map((name) => encodingOf(name));
}

/** An implicitly tagged BOOLEAN DEFAULT FALSE: DER writes only TRUE. */
function readFlag(element: DerElement | null): boolean {
  if (element === null) return false;
  const [octet, ...rest] = contentOf(element);
  if (octet !== 0xff || rest.length > 0) throw derError('a flag that is not TRUE', element.start);
  return true;
}
