import type { Certificate } from '../x509/certificate.ts';
import type { ChainProblem } from './chain-problem.ts';
import { type ComparisonBudget, nameConstraintProblem } from './name-constraints.ts';
import { type ChainProfile, isSelfIssued } from './path-rules.ts';
import { policyProblem } from './policies.ts';
import { revocationProblem } from '../strict/revocation.ts';

/** Comparisons of names with constraints that a path may cost. */
const MAX_COMPARISONS = 250_000;

/** What only a whole path can break (RFC 5280 section 6.1), leaf first, anchor last, signatures and single certificates checked already. */
export function wholePathProblem(
  path: readonly Certificate[],
  { time, crls }: { readonly time: number; readonly crls?: readonly Uint8Array[] },
  profile: ChainProfile,
): ChainProblem | null {
  return (
    pathLengthProblem(path) ??
    namesProblem(path, profile !== 'path') ??
    policiesProblem(path) ??
    (crls === undefined ? null : revocationProblem(path, crls, time))
  );
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
function namesProblem(path: readonly Certificate[], strict: boolean): ChainProblem | null {
  const budget: ComparisonBudget = { left: MAX_COMPARISONS };
  for (const [index, authority] of path.entries()) {
    if (index === 0 || authority.nameConstraints === null) continue;
    for (const [position, certificate] of path.slice(0, index).entries()) {
      if (position > 0 && isSelfIssued(certificate)) continue;
      const problem = nameConstraintProblem(certificate, authority.nameConstraints, budget, strict);
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
