import { EverbindError } from '../errors/error.ts';
import type { Certificate } from './certificate.ts';
import type { ChainProblem } from './chain-problem.ts';
import { type Crl, parseCrl } from './crl.ts';
import { distributionPointMatches, type DistributionScope, readDistributionScope } from './crl-scope.ts';
import { contentOf, expectTag, readDer, TAG } from './der.ts';
import { readAuthorityKeyIdentifier, readNumberExtension } from './extensions.ts';
import { EXTENSION } from './oids.ts';
import { importPublicKey, signatureScheme, verifySignature } from './signature.ts';

/**
 * The first revoked certificate of a path, or the leaf when these CRLs do not tell its status (RFC 5280 section 6.3), or null. A list that
 * cannot be used counts as no list; without any usable one of an issuer that published some, the status is unknown.
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
    if (status === 'revoked') return { reason: 'revoked', message: 'it is revoked', certificate };
    if (status !== 'good' && (status !== 'no list' || index === 0)) {
      return { reason: 'crl', message: `its revocation status is unknown: ${status}`, certificate };
    }
  }
  return null;
}

type Parsed = { readonly crl: Crl } | { readonly crl: null; readonly problem: string };

function parsed(der: Uint8Array): Parsed {
  try {
    return { crl: parseCrl(der) };
  } catch (error) {
    if (error instanceof EverbindError) return { crl: null, problem: error.message };
    throw error;
  }
}

/** `revoked`, `good`, `no list`, or what is wrong with the lists there are. */
function statusOf(certificate: Certificate, issuer: Certificate, lists: readonly Parsed[], time: number): string {
  let status = 'no list';
  for (const list of lists) {
    // A list that does not parse may be anybody's; it cannot vouch for this certificate.
    if (list.crl === null) {
      if (status === 'no list') status = list.problem;
      continue;
    }
    const { crl } = list;
    if (Buffer.compare(crl.issuerDer, certificate.issuerDer) !== 0) continue;
    let scope: DistributionScope | null = null;
    let problem: string | null;
    try {
      problem = unusable(crl, issuer, time);
      scope = problem === null ? readDistributionScope(crl) : null;
    } catch (error) {
      if (!(error instanceof EverbindError)) throw error;
      problem = error.message;
    }
    if (problem !== null) {
      if (status === 'no list') status = problem;
      continue;
    }
    if (scope !== null && !covers(scope, certificate)) continue;
    if (crl.revoked.has(certificate.serialHex)) return 'revoked';
    if (scope === null || !scope.someReasons) status = 'good';
  }
  return status;
}

function covers(scope: DistributionScope, certificate: Certificate): boolean {
  if (scope.only === 'attribute' || (scope.only !== null && (scope.only === 'ca') !== certificate.isCa)) return false;
  return distributionPointMatches(scope, certificate);
}

const PROCESSED: ReadonlySet<string> = new Set([EXTENSION.issuingDistributionPoint, EXTENSION.authorityKeyIdentifier]);

/** Why a list must not be used (sections 5.1, 5.2, 5.3 and 6.3.3), or null. Throws EverbindError for malformed extensions. */
function unusable(crl: Crl, issuer: Certificate, time: number): string | null {
  if (!crl.timesCanonical) return 'the times of the CRL are not encoded as they must be before 2050';
  if (time < crl.thisUpdate) return 'the CRL is not valid yet';
  if (crl.nextUpdate === null) return 'the CRL does not say when the next one comes';
  if (time >= crl.nextUpdate + 1000) return 'the CRL is out of date';
  if (issuer.keyUsage !== null && !issuer.keyUsage.has('cRLSign')) return 'the issuer may not sign CRLs';
  const number = crl.extensions.get(EXTENSION.crlNumber);
  if (number === undefined) return 'the CRL has no number';
  if (number.critical) return 'the number of the CRL is critical';
  readNumberExtension(number.value);
  const key = crl.extensions.get(EXTENSION.authorityKeyIdentifier);
  const identifier = key === undefined ? null : readAuthorityKeyIdentifier(key.value).keyIdentifier;
  if (identifier === null) return 'the CRL has no authority key identifier';
  if (issuer.subjectKeyIdentifier !== null && identifier !== issuer.subjectKeyIdentifier)
    return 'the CRL is of another key';
  for (const extension of crl.extensions.values()) {
    if (extension.critical && !PROCESSED.has(extension.oid))
      return `the CRL has the critical extension ${extension.oid}`;
  }
  return unusableEntries(crl) ?? badSignature(crl, issuer);
}

function unusableEntries(crl: Crl): string | null {
  for (const extension of crl.entryExtensions) {
    if (extension.critical) return `an entry of the CRL has the critical extension ${extension.oid}`;
    if (extension.oid === EXTENSION.reasonCode && !REASONS.has(readReason(extension.value))) {
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
