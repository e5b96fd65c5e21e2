import { EverbindError } from '../errors/error.ts';
import { parseCertificate } from '../pki/x509/certificate.ts';
import { matchesHost } from '../pki/x509/names.ts';
import type { ServedCertificate } from './probe.ts';

export type ServedProblem =
  | 'VERIFY_EXPIRED'
  | 'VERIFY_NOT_YET_VALID'
  | 'VERIFY_SELF_SIGNED'
  | 'VERIFY_NAME_MISMATCH'
  | 'VERIFY_UNREADABLE';

/**
 * Describes for people what visitors of an endpoint get. The texts come from the certificate: make them safe before
 * printing them.
 */
export interface ServedDescription {
  /** SHA-1, lower-case hex; '' when unreadable. */
  readonly thumbprint: string;
  readonly subject: string;
  readonly issuer: string;
  /** DNS names and IP addresses, canonical. */
  readonly names: readonly string[];
  /** Milliseconds since 1970; null when unreadable. */
  readonly notBefore: number | null;
  readonly notAfter: number | null;
  /** Whole days until it expires, negative afterwards. */
  readonly daysLeft: number | null;
  readonly protocol: string;
  /** Codes of its problems, as far as they can be told without knowing the trusted roots. */
  readonly problems: readonly ServedProblem[];
}

const DAY_MS = 24 * 3600 * 1000;

/**
 * Judges a served certificate at `now` (milliseconds since 1970) for a visitor who asked for `host` ('' = no name to
 * compare). Never throws.
 */
export function describeServed(served: ServedCertificate, host: string, now: number): ServedDescription {
  const [leaf] = served.chain;
  try {
    const certificate = parseCertificate(leaf ?? new Uint8Array());
    const { thumbprint, subjectText, issuerText, identifiers, notBefore, notAfter } = certificate;
    const selfSigned = Buffer.from(certificate.subjectDer).equals(certificate.issuerDer);
    const problems: ServedProblem[] = [];
    // The last second counts as valid (RFC 5280 section 4.1.2.5).
    if (now >= notAfter + 1000) problems.push('VERIFY_EXPIRED');
    if (now < notBefore) problems.push('VERIFY_NOT_YET_VALID');
    if (selfSigned) problems.push('VERIFY_SELF_SIGNED');
    if (host !== '' && !identifiers.some((name) => matchesHost(name, host))) problems.push('VERIFY_NAME_MISMATCH');
    return {
      thumbprint,
      subject: subjectText,
      issuer: issuerText,
      names: identifiers.map(({ value }) => value),
      notBefore,
      notAfter,
      daysLeft: Math.floor((notAfter - now) / DAY_MS),
      protocol: served.protocol,
      problems,
    };
  } catch (error) {
    if (!(error instanceof EverbindError)) throw error;
    return {
      thumbprint: '',
      subject: '',
      issuer: '',
      names: [],
      notBefore: null,
      notAfter: null,
      daysLeft: null,
      protocol: served.protocol,
      problems: ['VERIFY_UNREADABLE'],
    };
  }
}
