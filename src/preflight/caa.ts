import { type CaaDecision, type CaaProperty, type CaaReason, decideCaa } from '../dns/wire/caa.ts';
import { dataOf } from '../dns/resolver.ts';
import { EverbindError } from '../errors/error.ts';
import { explainFailure, type Lookups } from './dns.ts';
import { finding, type PreflightFinding } from './findings.ts';
import { examineWays } from './ways.ts';

/** The issuer, the name and the challenges that CAA records are checked for. */
export interface CaaCheck {
  readonly issuer: string;
  /** `caaIdentities` of the directory. */
  readonly identities: readonly string[];
  readonly accountUrl: string | null;
  /** A domain name, or `*.` and one. */
  readonly name: string;
  /** Challenge types in the order of the configuration. */
  readonly challenges: readonly string[];
}

/**
 * Findings when CAA records forbid the certificate with every challenge. A CA whose directory names no identities may
 * ignore CAA, so nothing is checked for it.
 */
export async function examineCaa(
  lookups: Lookups,
  check: CaaCheck,
  signal?: AbortSignal,
): Promise<readonly PreflightFinding[]> {
  const { issuer, name } = check;
  if (check.identities.length === 0) return [];
  const failedAt = new Map<unknown, string>();
  const lookUp = async (at: string): Promise<readonly CaaProperty[]> => {
    try {
      return dataOf((await lookups.checked.lookup(at, 'CAA', signal)).answers, 'CAA');
    } catch (error) {
      failedAt.set(error, at);
      throw error;
    }
  };
  try {
    return await examineWays(check.challenges, async (challenge) => {
      const decision = await decideCaa({ ...check, challenge }, lookUp);
      if (decision.allowed) return [];
      return [finding('caa-forbids', sentence(check, challenge, decision), { name, issuer })];
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof EverbindError)) throw error;
    const asked = failedAt.get(error) ?? name;
    return [await explainFailure(lookups, { name, asked, type: 'CAA', issuer }, error, signal)];
  }
}

function sentence(check: CaaCheck, challenge: string, decision: Extract<CaaDecision, { allowed: false }>): string {
  const says: Readonly<Record<CaaReason, string>> = {
    'unknown-critical': 'have a critical property that CAs do not know',
    nobody: 'let nobody issue',
    'other-ca': `do not name ${check.identities.join(' or ')}`,
    'other-account': `do not name our account, ${check.accountUrl ?? 'which does not exist yet'}`,
    'other-method': `do not allow ${challenge}`,
  };
  const values = decision.values.slice(0, 5).map((value) => JSON.stringify(value.slice(0, 100)));
  return `the CAA records of ${decision.foundAt} ${says[decision.reason]}: ${values.join(', ')}`;
}
