import { EverbindError } from '../../errors/error.ts';
import { KEY_PURPOSE } from '../asn1/oids.ts';
import { type Certificate, isSelfIssued } from '../x509/certificate.ts';
import { describePublicKey } from '../x509/public-key.ts';
import type { PathRules, Role } from './chain.ts';
import type { ChainProblem, PathFinding } from './chain-problem.ts';
import { type ComparisonBudget, nameConstraintProblem } from './name-constraints.ts';
import { policyProblem } from './policies.ts';

/** How many intermediates a path may have. */
const MAX_DEPTH = 8;

/**
 * What the path of a TLS server's certificate must fulfil at `time` (milliseconds since 1970): RFC 5280 section 6, and
 * whatever protects from a forged or misused certificate. The names of the leaf are not looked at.
 */
export function serverPathRules(time: number): PathRules {
  return {
    certificate: (certificate, role) =>
      certificateFinding(certificate, time) ?? roleFinding(certificate, role, KEY_PURPOSE.serverAuth),
    path: wholePathProblem,
    maxDepth: MAX_DEPTH,
  };
}

/** What any certificate must fulfil to be part of a path at `time` (milliseconds since 1970). */
export function certificateFinding(certificate: Certificate, time: number): PathFinding {
  // Both ends belong to the validity (section 4.1.2.5); the last second lasts until the next one begins.
  if (time < certificate.notBefore) return ['not-yet-valid', 'it is not valid yet'];
  if (time >= certificate.notAfter + 1000) return ['expired', 'it has expired'];
  const [unknown] = certificate.unknownCriticalExtensions;
  if (unknown !== undefined)
    return ['critical-extension', `it has the critical extension ${unknown}, which we do not know`];
  const keyProblem = publicKeyProblem(certificate.spkiDer);
  return keyProblem === null ? null : ['weak-key', keyProblem];
}

/**
 * What a certificate must fulfil in its place: to have issued another one, and to be for `purpose` (extended key
 * usage).
 */
export function roleFinding(certificate: Certificate, role: Role, purpose: string): PathFinding {
  if (role !== 'leaf') {
    if (!certificate.isCa) return ['not-a-ca', 'it is no CA certificate'];
    if (certificate.keyUsage !== null && !certificate.keyUsage.has('keyCertSign')) {
      return ['key-usage', 'its key usage does not allow issuing certificates'];
    }
  }
  // Web clients also ask the extended key usage of CA certificates that have one.
  const purposes = certificate.extendedKeyUsage;
  if (purposes === null || purposes.includes(purpose) || purposes.includes(KEY_PURPOSE.any)) return null;
  return [
    'extended-key-usage',
    `its extended key usage lacks ${purpose === KEY_PURPOSE.serverAuth ? 'serverAuth' : purpose}`,
  ];
}

/** Keys larger than this only serve to keep the verifier busy. */
const MAX_RSA_BITS = 8192;
const MIN_RSA_BITS = 2048;
const STRONG_CURVES: ReadonlySet<string> = new Set(['P-256', 'P-384', 'P-521']);

/** Why nobody should trust a signature or a handshake of this key, or null. */
function publicKeyProblem(spkiDer: Uint8Array): string | null {
  let key: ReturnType<typeof describePublicKey>;
  try {
    key = describePublicKey(spkiDer);
  } catch (error) {
    if (error instanceof EverbindError) return 'the public key cannot be parsed';
    throw error;
  }
  switch (key.type) {
    case 'rsa':
    case 'rsa-pss':
      if (key.bits < MIN_RSA_BITS) return `an RSA key of ${key.bits} bits is too short`;
      if (key.bits > MAX_RSA_BITS) return `an RSA key of ${key.bits} bits is too long`;
      return key.exponentOk ? null : 'the RSA exponent is even, too small or too large';
    case 'ec':
      return STRONG_CURVES.has(key.curve) ? null : `the curve ${key.curve} is not used on the web`;
    case 'ed25519':
    case 'ml-dsa':
      return null;
    case 'other':
      return `public keys of type ${key.oid} are not used on the web`;
  }
}

/** Comparisons of names with constraints that a path may cost. */
const MAX_COMPARISONS = 250_000;

/** What only a whole path can break (RFC 5280 section 6.1), leaf first, anchor last. */
export function wholePathProblem(path: readonly Certificate[]): ChainProblem | null {
  return pathLengthProblem(path) ?? namesProblem(path) ?? policiesProblem(path);
}

/** Section 6.1.4 l and m: self-issued certificates are not counted, nor is the leaf, whatever it is. */
function pathLengthProblem(path: readonly Certificate[]): ChainProblem | null {
  let below = 0;
  for (const certificate of path.slice(1)) {
    if (certificate.pathLength !== null && below > certificate.pathLength) {
      return { reason: 'path-length', message: 'too many CA certificates follow it', certificate };
    }
    if (!isSelfIssued(certificate)) below += 1;
  }
  return null;
}

/** Section 4.2.1.10: self-issued certificates are exempt unless they are the leaf. */
function namesProblem(path: readonly Certificate[]): ChainProblem | null {
  const budget: ComparisonBudget = { left: MAX_COMPARISONS };
  for (const [index, authority] of path.entries()) {
    if (index === 0 || authority.nameConstraints === null) continue;
    for (const [position, certificate] of path.slice(0, index).entries()) {
      if (position > 0 && isSelfIssued(certificate)) continue;
      const problem = nameConstraintProblem(certificate, authority.nameConstraints, budget);
      if (problem !== null) return { reason: 'name-constraints', message: problem, certificate };
    }
  }
  return null;
}

function policiesProblem(path: readonly Certificate[]): ChainProblem | null {
  const [leaf] = path;
  if (leaf === undefined) return null;
  const problem = policyProblem(path.toReversed());
  return problem === null ? null : { reason: 'policy', message: problem, certificate: leaf };
}
