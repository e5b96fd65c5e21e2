import { EverbindError } from '../../errors/error.ts';
import type { Certificate } from '../x509/certificate.ts';

/** Why a path was refused: the stable words in `details.reason` of PKI_CHAIN_INVALID. */
export type ChainReason =
  | 'not-yet-valid'
  | 'expired'
  | 'name-mismatch'
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
  | 'profile'
  | 'revoked'
  | 'crl'
  | 'limit';

export interface ChainProblem {
  readonly reason: ChainReason;
  /** What is wrong, for people. */
  readonly message: string;
  /** The certificate at fault. */
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
