import { type CaaDecision, type CaaReason, decideCaa } from '../dns/caa.ts';
import { dataOf } from '../dns/resolver.ts';
import { EverbindError } from '../errors/error.ts';
import { explainFailure, type Lookups } from './dns.ts';
import { finding, type Finding } from './findings.ts';

/** Who would issue, and for which name by which challenge. */
export interface CaaCheck {
  readonly issuer: string;
  /** `caaIdentities` of the directory. */
  readonly identities: readonly string[];
  readonly accountUrl: string | null;
  /** A domain name, or `*.` and one. */
  readonly name: string;
  readonly challenge: string;
}

/** Null when CAA records do not stand in the way. A CA that names no identities does not say that it looks at any. */
export async function examineCaa(lookups: Lookups, check: CaaCheck, signal?: AbortSignal): Promise<Finding | null> {
  const { issuer, name } = check;
  if (check.identities.length === 0) return null;
  let asked = name;
  try {
    const decision = await decideCaa(check, async (at) => {
      asked = at;
      return dataOf((await lookups.checked.lookup(at, 'CAA', signal)).answers, 'CAA');
    });
    return decision.allowed ? null : finding('caa-forbids', sentence(check, decision), { name, issuer });
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof EverbindError)) throw error;
    return explainFailure(lookups, { name, asked, type: 'CAA', issuer }, error, signal);
  }
}

function sentence(check: CaaCheck, decision: Extract<CaaDecision, { allowed: false }>): string {
  const says: Readonly<Record<CaaReason, string>> = {
    'unknown-critical': 'have a critical property that CAs do not know',
    nobody: 'let nobody issue',
    'other-ca': `do not name ${check.identities.join(' or ')}`,
    'other-account': `do not name our account, ${check.accountUrl ?? 'which does not exist yet'}`,
    'other-method': `do not allow ${check.challenge}`,
  };
  const values = decision.values.slice(0, 5).map((value) => JSON.stringify(value.slice(0, 100)));
  return `the CAA records of ${decision.foundAt} ${says[decision.reason]}: ${values.join(', ')}`;
}
