import { EverbindError } from '../../../src/errors/error.ts';
import type { Certificate } from '../../../src/pki/x509/certificate.ts';
import type { ChainProblem } from '../../../src/pki/path/chain-problem.ts';
import { type Crl, parseCrl } from './crl.ts';
import { distributionPointMatches, type DistributionScope, readDistributionScope } from './crl-scope.ts';
import { contentOf, derError, expectTag, readDer, TAG } from '../../../src/pki/asn1/der.ts';
import { readInteger } from '../../../src/pki/asn1/der-values.ts';
import { readAuthorityKeyIdentifier } from '../../../src/pki/x509/extensions.ts';
import { EXTENSION } from '../../../src/pki/asn1/oids.ts';
import { STRICT_EXTENSION } from './oids.ts';
import { importPublicKey, signatureScheme, verifySignature } from '../../../src/pki/x509/signature.ts';

/**
 * The first revoked certificate of a path, or the leaf when these CRLs do not tell its status (RFC 5280 section 6.3),
 * or null. A list that cannot be used counts as no list; without any usable one of an issuer that published some, the
 * status is unknown.
 */
export function revocationProblem(
  path: readonly Certificate[],
  crls: readonly Uint8Array[],
  time: number,
): ChainProblem | null {
  const lists = crls.map((der) => parsed(der));
  for (const [index, certificate] of path.slice(0, -1).entries()) {
    const issuer = path[index + 1];
    if (issuer === undefined) break;
    const status = statusOf(certificate, issuer, lists, time);
    if (status.kind === 'revoked') return { reason: 'revoked', message: 'it is revoked', certificate };
    if (status.kind === 'unusable' || (status.kind === 'none' && index === 0)) {
      const why = status.kind === 'unusable' ? status.problem : 'no CRL covers it';
      return { reason: 'crl', message: `its revocation status is unknown: ${why}`, certificate };
    }
  }
  return null;
}

/** What a list, or all of them, tell of a certificate. */
type Status = { readonly kind: 'revoked' | 'good' | 'none' } | { readonly kind: 'unusable'; readonly problem: string };

type Parsed = Crl | { readonly kind: 'unusable'; readonly problem: string };

function parsed(der: Uint8Array): Parsed {
  try {
    return parseCrl(der);
  } catch (error) {
    if (error instanceof EverbindError) return { kind: 'unusable', problem: error.message };
    throw error;
  }
}

/** Revoked outweighs good, good outweighs lists that cannot be used. */
function statusOf(certificate: Certificate, issuer: Certificate, lists: readonly Parsed[], time: number): Status {
  let status: Status = { kind: 'none' };
  for (const list of lists) {
    const found = judge(list, certificate, issuer, time);
    if (found.kind === 'revoked') return found;
    if (found.kind === 'good' || status.kind === 'none') status = found;
  }
  return status;
}

function judge(list: Parsed, certificate: Certificate, issuer: Certificate, time: number): Status {
  // A list that does not parse may be anybody's, the issuer's too.
  if ('kind' in list) return list;
  if (Buffer.compare(list.issuerDer, certificate.issuerDer) !== 0) return { kind: 'none' };
  try {
    const problem = unusable(list, issuer, time);
    if (problem !== null) return { kind: 'unusable', problem };
    const scope = readDistributionScope(list);
    if (scope !== null && !covers(scope, certificate)) return { kind: 'none' };
    if (list.revoked.has(certificate.serialHex)) return { kind: 'revoked' };
    return { kind: scope === null || !scope.someReasons ? 'good' : 'none' };
  } catch (error) {
    if (error instanceof EverbindError) return { kind: 'unusable', problem: error.message };
    throw error;
  }
}

function covers(scope: DistributionScope, certificate: Certificate): boolean {
  if (scope.only === 'attribute' || (scope.only !== null && (scope.only === 'ca') !== certificate.isCa)) return false;
  return distributionPointMatches(scope, certificate);
}

const PROCESSED: ReadonlySet<string> = new Set([
  STRICT_EXTENSION.issuingDistributionPoint,
  EXTENSION.authorityKeyIdentifier,
]);

/**
 * Why a list must not be used (sections 5.1, 5.2, 5.3 and 6.3.3), or null. Throws EverbindError for malformed
 * extensions.
 */
function unusable(crl: Crl, issuer: Certificate, time: number): string | null {
  if (!crl.timesCanonical) return 'the times of the CRL are not encoded as they must be before 2050';
  if (time < crl.thisUpdate) return 'the CRL is not valid yet';
  if (crl.nextUpdate === null) return 'the CRL does not say when the next one comes';
  if (time >= crl.nextUpdate + 1000) return 'the CRL is out of date';
  if (issuer.keyUsage !== null && !issuer.keyUsage.has('cRLSign')) return 'the issuer may not sign CRLs';
  const number = crl.extensions.get(STRICT_EXTENSION.crlNumber);
  if (number === undefined) return 'the CRL has no number';
  if (number.critical) return 'the number of the CRL is critical';
  checkNumber(number.value);
  const key = crl.extensions.get(EXTENSION.authorityKeyIdentifier);
  const identifier = key === undefined ? null : readAuthorityKeyIdentifier(key.value).keyIdentifier;
  if (identifier === null) return 'the CRL has no authority key identifier';
  if (issuer.subjectKeyIdentifier !== null && identifier !== issuer.subjectKeyIdentifier)
    return 'the CRL is of another key';
  if (crl.extensions.has(STRICT_EXTENSION.deltaCrlIndicator)) return 'the CRL only lists changes';
  for (const extension of crl.extensions.values()) {
    if (extension.critical && !PROCESSED.has(extension.oid))
      return `the CRL has the critical extension ${extension.oid}`;
  }
  return unusableEntries(crl) ?? badSignature(crl, issuer);
}

/** Section 5.2.3: a non-negative INTEGER of at most 20 octets. */
function checkNumber(value: Uint8Array): void {
  const octets = readInteger(readDer(value, value.length));
  if (octets.length > 20 || (octets[0] ?? 0) >= 0x80) throw derError('a number out of range', 0);
}

function unusableEntries(crl: Crl): string | null {
  for (const extension of crl.entryExtensions) {
    if (extension.critical) return `an entry of the CRL has the critical extension ${extension.oid}`;
    if (extension.oid === STRICT_EXTENSION.reasonCode && !REASONS.has(readReason(extension.value))) {
      return 'an entry of the CRL has a reason that does not exist';
    }
  }
  return null;
}

/** Section 5.3.1; 7 is not used and removeFromCRL (8) is for delta lists. */
const REASONS: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 5, 6, 9, 10]);

function readReason(value: Uint8Array): number {
  const element = readDer(value, value.length);
  expectTag(element, TAG.enumerated);
  const octets = contentOf(element);
  return octets.length === 1 ? (octets[0] ?? -1) : -1;
}

function badSignature(crl: Crl, issuer: Certificate): string | null {
  const scheme = signatureScheme(crl.signatureAlgorithmDer);
  const key = importPublicKey(issuer.spkiDer);
  if (scheme === null || key === null || scheme.weak) return 'the CRL is signed in a way that we do not accept';
  return verifySignature(scheme, key, crl.tbsDer, crl.signature) ? null : 'the signature on the CRL is wrong';
}
