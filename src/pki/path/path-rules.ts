import type { Certificate } from '../x509/certificate.ts';
import type { ChainProblem, ChainReason } from './chain-problem.ts';
import { matchesHost, type Identifier } from '../x509/names.ts';
import { KEY_PURPOSE } from '../asn1/oids.ts';
import { publicKeyProblem } from './public-key-rules.ts';

/**
 * How much is asked of the certificates of a path. `path`: RFC 5280 section 6 and whatever protects from a forged or misused certificate.
 * `rfc5280`: also the form that section 4 prescribes. `webpki`: also what the CA/B Forum Baseline Requirements let a client see.
 */
export type ChainProfile = 'path' | 'rfc5280' | 'webpki';

/** The place of a certificate in a path. */
export type Role = 'leaf' | 'intermediate' | 'root';

/** A rule's finding: nothing, or the reason and what is wrong. */
export type PathFinding = readonly [ChainReason, string] | null;

/** What any certificate must fulfil to be part of a path at `time` (milliseconds since 1970). */
export function certificateFinding(certificate: Certificate, time: number, webpki: boolean): PathFinding {
  // Both ends belong to the validity (section 4.1.2.5); the last second lasts until the next one begins.
  if (time < certificate.notBefore) return ['not-yet-valid', 'it is not valid yet'];
  if (time >= certificate.notAfter + 1000) return ['expired', 'it has expired'];
  const [unknown] = certificate.unknownCriticalExtensions;
  if (unknown !== undefined)
    return ['critical-extension', `it has the critical extension ${unknown}, which we do not know`];
  const keyProblem = publicKeyProblem(certificate.spkiDer, webpki);
  return keyProblem === null ? null : ['weak-key', keyProblem];
}

/** What a certificate must fulfil to have issued another one. */
export function authorityFinding(certificate: Certificate, purpose: string): PathFinding {
  if (!certificate.isCa) return ['not-a-ca', 'it is no CA certificate'];
  if (certificate.keyUsage !== null && !certificate.keyUsage.has('keyCertSign')) {
    return ['key-usage', 'its key usage does not allow issuing certificates'];
  }
  return purposeFinding(certificate, purpose);
}

/** What the certificate of a server, or of whoever `purpose` says, must fulfil. */
export function leafFinding(certificate: Certificate, purpose: string, identifier: Identifier | null): PathFinding {
  if (identifier !== null && !certificate.identifiers.some((name) => matchesHost(name, identifier.value))) {
    return ['name-mismatch', `it is not for ${identifier.value}`];
  }
  return purposeFinding(certificate, purpose);
}

/** Extended key usage, which web clients also ask of CA certificates that have it. */
function purposeFinding(certificate: Certificate, purpose: string): PathFinding {
  const purposes = certificate.extendedKeyUsage;
  if (purposes === null || purposes.includes(purpose) || purposes.includes(KEY_PURPOSE.any)) return null;
  return [
    'extended-key-usage',
    `its extended key usage lacks ${purpose === KEY_PURPOSE.serverAuth ? 'serverAuth' : purpose}`,
  ];
}

/** A finding with the certificate that it is about. */
export function problemOf(certificate: Certificate, finding: PathFinding): ChainProblem | null {
  return finding === null ? null : { reason: finding[0], message: finding[1], certificate };
}

/** Subject and issuer are the same name (RFC 5280 section 3.2). */
export function isSelfIssued(certificate: Certificate): boolean {
  return Buffer.compare(certificate.subjectDer, certificate.issuerDer) === 0;
}
