import { EverbindError } from '../../errors/error.ts';
import type { Certificate } from '../x509/certificate.ts';

/** Why a path was refused: the stable words in `details.reason` of PKI_CHAIN_INVALID. */
export type ChainReason =
  | 'not-yet-valid'
  | 'expired'
  | 'no-issuer'
  | 'untrusted-root'
  | 'order'
  | 'bad-signature'
  | 'weak-signature'
  | 'unsupported-signature'
  | 'weak-key'
  | 'not-a-ca'
  | 'key-usage'
  | 'extended-key-usage'
  | 'path-length'
  | 'name-constraints'
  | 'critical-extension'
  | 'policy'
  | 'limit'
  // Of rules stricter than the product's (lab/corpus/pki).
  | 'name-mismatch'
  | 'profile'
  | 'revoked'
  | 'crl';

/** What a rule finds about one certificate: nothing, or the reason and what is wrong, for people. */
export type PathFinding = readonly [ChainReason, string] | null;

/** A finding with the certificate at fault. */
export interface ChainProblem {
  readonly reason: ChainReason;
  /** What is wrong, for people. */
  readonly message: string;
  readonly certificate: Certificate;
}

/** PKI_CHAIN_INVALID for a problem. */
export function chainError({ reason, message, certificate }: ChainProblem): EverbindError {
  return new EverbindError('PKI_CHAIN_INVALID', `${subjectOf(certificate)}: ${message}`, {
    reason,
    subject: certificate.subjectText,
    issuer: certificate.issuerText,
    fingerprint: certificate.fingerprint,
  });
}

function subjectOf(certificate: Certificate): string {
  const name = certificate.subjectText === '' ? certificate.identifiers[0]?.value : certificate.subjectText;
  return `Certificate ${JSON.stringify(name ?? 'without a name')}`;
}
