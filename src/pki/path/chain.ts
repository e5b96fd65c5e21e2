import { type Certificate, isSelfIssued } from '../x509/certificate.ts';
import { type ChainProblem, type ChainReason, chainError, type PathFinding } from './chain-problem.ts';
import { type SignatureBudget, signatureFinding } from './signed-by.ts';

/** The certificates that a path may be made of. */
export interface PathCandidates {
  readonly leaf: Certificate;
  /** In any order; those that lead nowhere do no harm. */
  readonly intermediates: readonly Certificate[];
  /** Trust anchors, self-signed or not. Their own signatures are not looked at. */
  readonly roots: readonly Certificate[];
}

/** The place of a certificate in a path. */
export type Role = 'leaf' | 'intermediate' | 'root';

/** What a path must fulfil besides names and signatures that lead from one certificate to the next. */
export interface PathRules {
  /** A certificate in its place; asked once for each certificate and place. */
  certificate(certificate: Certificate, role: Role): PathFinding;
  /** A whole path, leaf first, anchor last, once its certificates and signatures have been checked. */
  path(path: readonly Certificate[]): ChainProblem | null;
  /** How many intermediates a path may have; self-issued ones are not counted. */
  readonly maxDepth: number;
}

/** Self-issued certificates do not count for the depth; so many more of them are followed. */
const MAX_SELF_ISSUED = 8;
/** Steps of the search and signature checks that one validation may cost (webpki of Rust: 200,000 and 100). */
const MAX_STEPS = 10_000;
const MAX_SIGNATURE_CHECKS = 100;

/**
 * Finds a path from the leaf to a trust anchor, both included, that fulfils the rules. Throws PKI_CHAIN_INVALID with
 * `details.reason` (ChainReason); of several dead ends it names the one that came closest.
 */
export function findPath(candidates: PathCandidates, rules: PathRules): readonly Certificate[] {
  const search: Search = {
    candidates,
    rules,
    budget: { left: MAX_SIGNATURE_CHECKS, verified: new Map() },
    findings: new Map(),
    stepsLeft: MAX_STEPS,
    closest: null,
  };
  const { leaf } = candidates;
  const problem = problemOf(leaf, findingOf(search, leaf, 'leaf'));
  if (problem !== null) throw chainError(problem);
  const path = extend(search, [leaf], 0);
  if (path !== null) return path;
  throw chainError(
    search.closest?.problem ?? { reason: 'no-issuer', message: 'its issuer is not known', certificate: leaf },
  );
}

interface Search {
  readonly candidates: PathCandidates;
  readonly rules: PathRules;
  readonly budget: SignatureBudget;
  /** The search may meet a certificate on many ways; it is judged once for each role. */
  readonly findings: Map<string, PathFinding>;
  stepsLeft: number;
  closest: { readonly rank: number; readonly problem: ChainProblem } | null;
}

/**
 * How close a failure was to success: a dead end, a certificate that cannot be the issuer, a whole path that breaks a
 * rule.
 */
const RANK = { deadEnd: 1, link: 2, path: 3, limit: 4 } as const;

function extend(search: Search, path: readonly Certificate[], depth: number): readonly Certificate[] | null {
  const current = path.at(-1);
  if (current === undefined) return null;
  let anchored = false;
  for (const root of search.candidates.roots) {
    if (!names(root, current)) continue;
    anchored = true;
    if (!isIssuer(search, root, current, 'root')) continue;
    const whole = [...path, root];
    const problem = search.rules.path(whole);
    if (problem === null) return whole;
    note(search, RANK.path, problem);
  }
  if (path.length > 1 && isSelfIssued(current) && !anchored) {
    deadEnd(search, 'untrusted-root', 'it is a root that is not trusted', current);
  }
  for (const candidate of search.candidates.intermediates) {
    if (!names(candidate, current) || path.some((earlier) => sameAuthority(earlier, candidate))) continue;
    const below = depth + (isSelfIssued(candidate) ? 0 : 1);
    if (below > search.rules.maxDepth || path.length - below > MAX_SELF_ISSUED) {
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
  const problem =
    problemOf(issuer, findingOf(search, issuer, role)) ??
    problemOf(subject, signatureFinding(subject, issuer, search.budget));
  if (problem === null) return true;
  // A root with the name of the issuer that did not sign: an older one of a CA that was set up anew, say.
  const ofAnchor = role === 'root' && (problem.certificate === issuer || problem.reason === 'bad-signature');
  note(search, problem.reason === 'limit' ? RANK.limit : RANK.link, { ...problem, ofAnchor });
  return false;
}

function findingOf(search: Search, certificate: Certificate, role: Role): PathFinding {
  const key = `${role} ${certificate.fingerprint}`;
  const known = search.findings.get(key);
  if (known !== undefined) return known;
  const finding = search.rules.certificate(certificate, role);
  search.findings.set(key, finding);
  return finding;
}

function problemOf(certificate: Certificate, finding: PathFinding): ChainProblem | null {
  return finding === null ? null : { reason: finding[0], message: finding[1], certificate };
}

/** Whether the issuer is the one that the subject names; not whether it signed it. */
export function names(issuer: Certificate, subject: Certificate): boolean {
  if (Buffer.compare(issuer.subjectDer, subject.issuerDer) !== 0) return false;
  // Both name the key by its identifier: another one is another key of the same CA.
  const [wanted, own] = [subject.authorityKeyIdentifier, issuer.subjectKeyIdentifier];
  return wanted === null || own === null || wanted === own;
}

/** The same CA with the same key, in whatever certificate: meeting it twice is a loop (RFC 4158 section 2.4.2). */
export function sameAuthority(one: Certificate, other: Certificate): boolean {
  return Buffer.compare(one.subjectDer, other.subjectDer) === 0 && Buffer.compare(one.spkiDer, other.spkiDer) === 0;
}

function deadEnd(search: Search, reason: ChainReason, message: string, certificate: Certificate): void {
  note(search, RANK.deadEnd, { reason, message, certificate });
}

function note(search: Search, rank: number, problem: ChainProblem): void {
  if (search.closest === null || rank > search.closest.rank) search.closest = { rank, problem };
}
