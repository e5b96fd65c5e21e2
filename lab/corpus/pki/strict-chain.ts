import { KEY_PURPOSE } from '../../../src/pki/asn1/oids.ts';
import { findPath, type PathCandidates, type PathRules, type Role } from '../../../src/pki/path/chain.ts';
import type { PathFinding } from '../../../src/pki/path/chain-problem.ts';
import { certificateFinding, roleFinding, wholePathProblem } from '../../../src/pki/path/path-rules.ts';
import type { Certificate } from '../../../src/pki/x509/certificate.ts';
import type { KeyUsage } from '../../../src/pki/x509/extensions.ts';
import { type Identifier, matchesHost } from '../../../src/pki/x509/names.ts';
import { nameConstraintsUncritical, rfc5280Problem } from './profile-rfc5280.ts';
import { webpkiKeyProblem, webpkiProblem } from './profile-webpki.ts';
import { revocationProblem } from './revocation.ts';

/**
 * What is asked of the certificates of a path besides what the product asks. `rfc5280`: the form that section 4
 * prescribes. `webpki`: also what the CA/B Forum Baseline Requirements let a client see.
 */
export type StrictProfile = 'rfc5280' | 'webpki';

export interface StrictRequest extends PathCandidates {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** `webpki`, the strictest, by default. */
  readonly profile?: StrictProfile;
  /** The leaf must be for this host. */
  readonly identifier?: Identifier;
  /** Object identifier of the extended key usage; a server's by default. */
  readonly purpose?: string;
  /** Bits that a key usage extension of the leaf must have. */
  readonly keyUsage?: readonly KeyUsage[];
  /** How many intermediates a path may have; self-issued ones are not counted. 8 by default, 64 at most. */
  readonly maxDepth?: number;
  /** With these, the leaf must be on no list and its status must be known from one. */
  readonly crls?: readonly Uint8Array[];
}

const DEFAULT_DEPTH = 8;
const MAX_DEPTH = 64;

/**
 * Finds a path as `findPath` of the product does, under stricter rules. Throws PKI_CHAIN_INVALID with `details.reason`.
 */
export function findStrictPath(request: StrictRequest): readonly Certificate[] {
  return findPath(request, strictPathRules(request));
}

function strictPathRules(request: StrictRequest): PathRules {
  const { time, crls, profile = 'webpki', purpose = KEY_PURPOSE.serverAuth, maxDepth = DEFAULT_DEPTH } = request;
  return {
    certificate: (certificate, role) =>
      certificateFinding(certificate, time) ??
      profileFinding(certificate, role, profile) ??
      (role === 'leaf' ? nameFinding(certificate, request.identifier) : null) ??
      roleFinding(certificate, role, purpose) ??
      (role === 'leaf' ? usageFinding(certificate, request.keyUsage ?? []) : null),
    path: (path) => wholePathProblem(path) ?? (crls === undefined ? null : revocationProblem(path, crls, time)),
    maxDepth: Math.min(maxDepth, MAX_DEPTH),
  };
}

function profileFinding(certificate: Certificate, role: Role, profile: StrictProfile): PathFinding {
  const keyProblem = profile === 'webpki' ? webpkiKeyProblem(certificate.spkiDer) : null;
  if (keyProblem !== null) return ['weak-key', keyProblem];
  let problem = rfc5280Problem(certificate, role);
  if (profile === 'webpki') problem ??= webpkiProblem(certificate, role);
  else if (nameConstraintsUncritical(certificate)) problem ??= 'its name constraints are uncritical';
  return problem === null ? null : ['profile', problem];
}

function nameFinding(leaf: Certificate, identifier: Identifier | undefined): PathFinding {
  return identifier === undefined || leaf.identifiers.some((name) => matchesHost(name, identifier.value))
    ? null
    : ['name-mismatch', `it is not for ${identifier.value}`];
}

function usageFinding(leaf: Certificate, wanted: readonly KeyUsage[]): PathFinding {
  const missing = leaf.keyUsage === null ? undefined : wanted.find((usage) => leaf.keyUsage?.has(usage) === false);
  return missing === undefined ? null : ['key-usage', `its key usage lacks ${missing}`];
}
