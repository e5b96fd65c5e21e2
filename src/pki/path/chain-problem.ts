import { EverbindError } from '../../errors/error.ts';
import type { Certificate } from '../x509/certificate.ts';

/** Why a path was refused: the stable words in `details.reason` of PKI_CHAIN_INVALID. */
export type ChainReason =
  | 'not-yet-valid'
  | 'expired'
  | 'no-issuer'
  | 'untrusted-root'
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
  /** Whether a trust anchor of this machine is at fault, not what was sent. */
  readonly ofAnchor?: boolean;
}

/**
 * What the clock of this machine, the roots that it trusts, and the rules along a path to one of them decide: the
 * certificates that were sent may be good.
 */
const HERE: ReadonlySet<ChainReason> = new Set([
  'not-yet-valid',
  'expired',
  'no-issuer',
  'untrusted-root',
  'path-length',
  'name-constraints',
  'policy',
]);

/** PKI_CHAIN_INVALID for a problem. */
export function chainError({ reason, message, certificate, ofAnchor = false }: ChainProblem): EverbindError {
  return new EverbindError(
    'PKI_CHAIN_INVALID',
    `${subjectOf(certificate)}: ${message}`,
    {
      reason,
      subject: certificate.subjectText,
      issuer: certificate.issuerText,
      fingerprint: certificate.fingerprint,
    },
    { facts: ofAnchor || HERE.has(reason) ? { meaning: { resume: 'recheck' } } : {} },
  );
}

function subjectOf(certificate: Certificate): string {
  const name = certificate.subjectText === '' ? certificate.identifiers[0]?.value : certificate.subjectText;
  return `Certificate ${JSON.stringify(name ?? 'without a name')}`;
}
