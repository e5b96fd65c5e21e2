import { EverbindError } from '../../../src/errors/error.ts';
import {
  children,
  derError,
  encodingOf,
  finish,
  open,
  readDer,
  TAG,
  take,
  takeAny,
  takeOptional,
  type DerElement,
} from '../../../src/pki/asn1/der.ts';
import { readTime } from '../../../src/pki/asn1/der-time.ts';
import { readInteger, readOctetAlignedBits, readSmallInteger } from '../../../src/pki/asn1/der-values.ts';
import { type Extension, readExtensions } from '../../../src/pki/x509/extensions.ts';
import { STRICT_EXTENSION } from './oids.ts';

/** A certificate revocation list (RFC 5280 section 5.1), decoded but not judged. */
export interface Crl {
  readonly version: number;
  readonly issuerDer: Uint8Array;
  /** Milliseconds since 1970. */
  readonly thisUpdate: number;
  readonly nextUpdate: number | null;
  /** Times in the form that section 5.1.2.4 asks for. */
  readonly timesCanonical: boolean;
  /** Serial numbers (content octets, lower hex) of revoked certificates. */
  readonly revoked: ReadonlySet<string>;
  /** Extensions of entries, each kind once: whether the list can be used at all depends on them. */
  readonly entryExtensions: readonly Extension[];
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly tbsDer: Uint8Array;
  readonly signatureAlgorithmDer: Uint8Array;
  readonly signature: Uint8Array;
}

const MAX_CRL_BYTES = 32 * 1024 * 1024;

/** Decodes a DER CRL. Throws PKI_CRL_INVALID. */
export function parseCrl(der: Uint8Array): Crl {
  try {
    return decode(der);
  } catch (error) {
    if (!(error instanceof EverbindError)) throw error;
    throw new EverbindError('PKI_CRL_INVALID', `A CRL that cannot be parsed. ${error.message}`, error.details, {
      cause: error,
    });
  }
}

function decode(der: Uint8Array): Crl {
  const outer = open(readDer(der, MAX_CRL_BYTES));
  const tbs = take(outer, TAG.sequence);
  const algorithm = take(outer, TAG.sequence);
  const signature = readOctetAlignedBits(take(outer, TAG.bitString));
  finish(outer);
  const fields = open(tbs);
  const versionField = takeOptional(fields, TAG.integer);
  const version = versionField === null ? 1 : readSmallInteger(versionField) + 1;
  const inner = take(fields, TAG.sequence);
  if (Buffer.compare(encodingOf(inner), encodingOf(algorithm)) !== 0) {
    throw derError('two different signature algorithms', inner.start);
  }
  const issuer = take(fields, TAG.sequence);
  const thisUpdate = readTime(takeAny(fields));
  const nextField = takeOptional(fields, TAG.utcTime) ?? takeOptional(fields, TAG.generalizedTime);
  const nextUpdate = nextField === null ? null : readTime(nextField);
  const revokedField = takeOptional(fields, TAG.sequence);
  const wrapped = takeOptional(fields, 0xa0);
  finish(fields);
  if (version > 2) throw derError('an unknown version', tbs.start);
  if (wrapped !== null && version !== 2) throw derError('extensions outside version 2', wrapped.start);
  const { revoked, entryExtensions, canonical } = readRevoked(revokedField);
  return {
    version,
    issuerDer: encodingOf(issuer),
    thisUpdate: thisUpdate.ms,
    nextUpdate: nextUpdate?.ms ?? null,
    timesCanonical: thisUpdate.canonical && (nextUpdate?.canonical ?? true) && canonical,
    revoked,
    entryExtensions,
    extensions: wrapped === null ? new Map() : readWrapped(wrapped),
    tbsDer: encodingOf(tbs),
    signatureAlgorithmDer: encodingOf(algorithm),
    signature,
  };
}

function readWrapped(element: DerElement): ReadonlyMap<string, Extension> {
  const cursor = open(element, 0xa0);
  const extensions = readExtensions(take(cursor, TAG.sequence));
  finish(cursor);
  return extensions;
}

function readRevoked(element: DerElement | null): {
  revoked: ReadonlySet<string>;
  entryExtensions: readonly Extension[];
  canonical: boolean;
} {
  const revoked = new Set<string>();
  const extensions = new Map<string, Extension>();
  let canonical = true;
  const entries = element === null ? [] : children(element);
  // Section 5.1.2.6: the list is left out when nothing is revoked.
  if (element !== null && entries.length === 0) throw derError('an empty list of revoked certificates', element.start);
  for (const entry of entries) {
    const cursor = open(entry);
    revoked.add(Buffer.from(readInteger(take(cursor, TAG.integer))).toString('hex'));
    canonical &&= readTime(takeAny(cursor)).canonical;
    const entryExtensions = takeOptional(cursor, TAG.sequence);
    finish(cursor);
    for (const extension of entryExtensions === null ? [] : readExtensions(entryExtensions).values()) {
      extensions.set(`${extension.oid} ${extension.critical} ${reasonKey(extension)}`, extension);
    }
  }
  return { revoked, entryExtensions: [...extensions.values()], canonical };
}

/** Reasons are few, and each must be looked at; values of other extensions only matter by their kind. */
function reasonKey(extension: Extension): string {
  return extension.oid === STRICT_EXTENSION.reasonCode
    ? Buffer.from(extension.value.subarray(0, 8)).toString('hex')
    : '';
}
