import { EverbindError } from '../../errors/error.ts';
import { type Certificate, isSelfIssued } from '../x509/certificate.ts';
import { findPath, names, type PathCandidates, type PathRules, sameAuthority } from './chain.ts';
import { signatureFinding } from './signed-by.ts';

/** More certificates above an anchor are not looked at. */
const MOST_ABOVE = 4;

/**
 * What is kept of the certificates that came with a leaf, leaf first, once a path was found: that path, without a root
 * that certifies itself. Nothing beside it, for nobody vouches for that, with two exceptions that the path bears out:
 * where its root was sent certified by another trusted root, for visitors who know only that one, the way over it; and
 * above a trust anchor that is no root, what certifies that one.
 */
export function keptChain(
  path: readonly Certificate[],
  { leaf, intermediates, roots }: PathCandidates,
  rules: PathRules,
): readonly Certificate[] {
  const anchor = path.at(-1);
  if (anchor === undefined) return path;
  if (!isSelfIssued(anchor)) return [...path, ...above(anchor, intermediates)];
  if (!intermediates.some((sent) => !isSelfIssued(sent) && sameAuthority(sent, anchor))) return path.slice(0, -1);
  const others = roots.filter((root) => !sameAuthority(root, anchor));
  return (pathOrNull({ leaf, intermediates, roots: others }, rules) ?? path).slice(0, -1);
}

function pathOrNull(candidates: PathCandidates, rules: PathRules): readonly Certificate[] | null {
  try {
    return findPath(candidates, rules);
  } catch (error) {
    if (error instanceof EverbindError) return null;
    throw error;
  }
}

function above(anchor: Certificate, sent: readonly Certificate[]): readonly Certificate[] {
  const found: Certificate[] = [];
  const budget = { left: sent.length * MOST_ABOVE, verified: new Map() };
  for (let top = anchor; found.length < MOST_ABOVE; ) {
    const subject = top;
    const issuer = sent.find(
      (candidate) =>
        candidate.isCa &&
        !isSelfIssued(candidate) &&
        !found.includes(candidate) &&
        names(candidate, subject) &&
        signatureFinding(subject, candidate, budget) === null,
    );
    if (issuer === undefined) break;
    found.push(issuer);
    top = issuer;
  }
  return found;
}
