import type { Certificate } from '../x509/certificate.ts';
import { type ChainProblem, type ChainReason, chainError } from './chain-problem.ts';
import type { KeyUsage } from '../x509/extensions.ts';
import type { Identifier } from '../x509/names.ts';
import { KEY_PURPOSE } from '../asn1/oids.ts';
import {
  authorityFinding,
  certificateFinding,
  type ChainProfile,
  type PathFinding,
  isSelfIssued,
  leafFinding,
  problemOf,
  type Role,
} from './path-rules.ts';
import { wholePathProblem } from './path-validation.ts';
import { nameConstraintsUncritical, rfc5280Problem } from '../strict/profile-rfc5280.ts';
import { webpkiProblem } from '../strict/profile-webpki.ts';
import { type SignatureBudget, signatureFinding } from './signed-by.ts';

export interface ChainRequest {
  readonly leaf: Certificate;
  /** In any order; those that lead nowhere do no harm. */
  readonly intermediates: readonly Certificate[];
  /** Trust anchors, self-signed or not. Their own signatures are not looked at. */
  readonly roots: readonly Certificate[];
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The leaf must be for this host. */
  readonly identifier?: Identifier;
  /** Object identifier of the extended key usage; a server's by default. */
  readonly purpose?: string;
  /** Bits that a key usage extension of the leaf must have. */
  readonly keyUsage?: readonly KeyUsage[];
  /** `webpki`, the strictest, by default. */
  readonly profile?: ChainProfile;
  /** How many intermediates a path may have; self-issued ones are not counted. 8 by default. */
  readonly maxDepth?: number;
  /** With these, the leaf must be on no list and its status must be known from one. */
  readonly crls?: readonly Uint8Array[];
}

export interface ValidatedChain {
  /** Leaf first, trust anchor last. */
  readonly path: readonly Certificate[];
}

const DEFAULT_DEPTH = 8;
const MAX_DEPTH = 64;
/** Self-issued certificates do not count for the depth; so many more of them are followed. */
const MAX_SELF_ISSUED = 8;
/** Steps of the search and signature checks that one validation may cost (webpki of Rust: 200,000 and 100). */
const MAX_STEPS = 10_000;
const MAX_SIGNATURE_CHECKS = 100;

/**
 * Finds a valid path from the leaf to a trust anchor (RFC 5280 section 6). Throws PKI_CHAIN_INVALID with `details.reason` (ChainReason);
 * of several dead ends it names the one that came closest.
 */
export function validateChain(request: ChainRequest): ValidatedChain {
  const search: Search = {
    request,
    profile: request.profile ?? 'webpki',
    purpose: request.purpose ?? KEY_PURPOSE.serverAuth,
    depth: Math.min(request.maxDepth ?? DEFAULT_DEPTH, MAX_DEPTH),
    budget: { left: MAX_SIGNATURE_CHECKS, verified: new Map() },
    findings: new Map(),
    stepsLeft: MAX_STEPS,
    closest: null,
  };
  const { leaf } = request;
  const finding =
    findingOf(search, leaf, 'leaf') ??
    leafFinding(leaf, search.purpose, request.identifier ?? null) ??
    missingUsage(leaf, request.keyUsage ?? []);
  const problem = problemOf(leaf, finding);
  if (problem !== null) throw chainError(problem);
  const path = extend(search, [leaf], 0);
  if (path !== null) return { path };
  throw chainError(
    search.closest?.problem ?? { reason: 'no-issuer', message: 'its issuer is not known', certificate: leaf },
  );
}

interface Search {
  readonly request: ChainRequest;
  readonly profile: ChainProfile;
  readonly purpose: string;
  readonly depth: number;
  readonly budget: SignatureBudget;
  /** A certificate may be met on many ways; it is judged once for each role. */
  readonly findings: Map<string, PathFinding>;
  stepsLeft: number;
  closest: { readonly rank: number; readonly problem: ChainProblem } | null;
}

/** How close a failure was to success: a dead end, a certificate that cannot be the issuer, a whole path that breaks a rule. */
const RANK = { deadEnd: 1, link: 2, path: 3, limit: 4 } as const;

function extend(search: Search, path: readonly Certificate[], depth: number): readonly Certificate[] | null {
  const current = path.at(-1);
  if (current === undefined) return null;
  let anchored = false;
  for (const root of search.request.roots) {
    if (!names(root, current)) continue;
    anchored = true;
    if (!isIssuer(search, root, current, 'root')) continue;
    const whole = [...path, root];
    const problem = wholePathProblem(whole, search.request, search.profile);
    if (problem === null) return whole;
    note(search, RANK.path, problem);
  }
  if (path.length > 1 && isSelfIssued(current) && !anchored) {
    deadEnd(search, 'untrusted-root', 'it is a root that is not trusted', current);
  }
  for (const candidate of search.request.intermediates) {
    if (!names(candidate, current) || path.some((earlier) => sameAuthority(earlier, candidate))) continue;
    const below = depth + (isSelfIssued(candidate) ? 0 : 1);
    if (below > search.depth || path.length - below > MAX_SELF_ISSUED) {
      note(search, RANK.link, { reason: 'limit', message: 'the path through it is too long', certificate: candidate });
      continue;
    }
    if (!isIssuer(search, candidate, current, 'intermediate')) continue;
    const found = extend(search, [...path, candidate], below);
    if (found !== null) return found;
  }
  deadEnd(search, 'no-issuer', 'its issuer is not among the trusted roots and the certificates sent', current);
  return null;
}

function isIssuer(search: Search, issuer: Certificate, subject: Certificate, role: Role): boolean {
  search.stepsLeft -= 1;
  if (search.stepsLeft < 0 || search.budget.left < 0) {
    note(search, RANK.limit, {
      reason: 'limit',
      message: 'finding a path to a root takes too long',
      certificate: subject,
    });
    return false;
  }
  const finding = findingOf(search, issuer, role) ?? authorityFinding(issuer, search.purpose);
  const problem = problemOf(issuer, finding) ?? problemOf(subject, signatureFinding(subject, issuer, search.budget));
  if (problem === null) return true;
  note(search, problem.reason === 'limit' ? RANK.limit : RANK.link, problem);
  return false;
}

function findingOf(search: Search, certificate: Certificate, role: Role): PathFinding {
  const key = `${role} ${certificate.fingerprint}`;
  const known = search.findings.get(key);
  if (known !== undefined) return known;
  const finding =
    certificateFinding(certificate, search.request.time, search.profile === 'webpki') ??
    profileFinding(certificate, role, search.profile);
  search.findings.set(key, finding);
  return finding;
}

function profileFinding(certificate: Certificate, role: Role, profile: ChainProfile): PathFinding {
  if (profile === 'path') return null;
  let problem = rfc5280Problem(certificate, role);
  if (profile === 'webpki') problem ??= webpkiProblem(certificate, role);
  else if (nameConstraintsUncritical(certificate)) problem ??= 'its name constraints are uncritical';
  return problem === null ? null : ['profile', problem];
}

function missingUsage(leaf: Certificate, wanted: readonly KeyUsage[]): PathFinding {
  const missing = leaf.keyUsage === null ? undefined : wanted.find((usage) => leaf.keyUsage?.has(usage) === false);
  return missing === undefined ? null : ['key-usage', `its key usage lacks ${missing}`];
}

function names(issuer: Certificate, subject: Certificate): boolean {
  if (Buffer.compare(issuer.subjectDer, subject.issuerDer) !== 0) return false;
  // Both name the key by its identifier: another one is another key of the same CA.
  const [wanted, own] = [subject.authorityKeyIdentifier, issuer.subjectKeyIdentifier];
  return wanted === null || own === null || wanted === own;
}

/** The same CA with the same key, in whatever certificate: meeting it twice is a loop (RFC 4158 section 2.4.2). */
function sameAuthority(one: Certificate, other: Certificate): boolean {
  return Buffer.compare(one.subjectDer, other.subjectDer) === 0 && Buffer.compare(one.spkiDer, other.spkiDer) === 0;
}

function deadEnd(search: Search, reason: ChainReason, message: string, certificate: Certificate): void {
  note(search, RANK.deadEnd, { reason, message, certificate });
}

function note(search: Search, rank: number, problem: ChainProblem): void {
  if (search.closest === null || rank > search.closest.rank) search.closest = { rank, problem };
}
