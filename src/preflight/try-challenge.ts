import type { ChallengeConfig } from '../config/types.ts';
import { asEverbindError, type EverbindError } from '../errors/error.ts';
import type { ErrorCode } from '../errors/table.ts';
import type { Identifier } from '../pki/x509/names.ts';
import type { Random } from '../ports/random.ts';
import type { ChallengeTask, Solver } from '../ports/solver.ts';
import { finding, type PreflightFinding, type FindingCode, said } from './findings.ts';

export interface TrialParts {
  readonly random: Random;
  /** Our account with the CA, for the record of dns-account-01. */
  readonly accountUrl: string | null;
  solverFor(task: Pick<ChallengeTask, 'type' | 'identifier' | 'wildcard'>, config: ChallengeConfig): Solver;
}

/**
 * Puts a challenge response in place for a made-up challenge, as a renewal would, and removes it again. For dns-01 it
 * is a value beside others at the real name, since the credentials may be valid for that name alone; it is not looked
 * up, so that no resolver caches its absence. Other challenge responses are looked up, and `look` is called for http-01
 * while the response can be seen.
 */
export async function tryChallenge(
  { random, accountUrl, solverFor }: TrialParts,
  { type: kind, value: name }: Identifier,
  config: ChallengeConfig,
  look: (task: ChallengeTask) => Promise<readonly PreflightFinding[]>,
  signal: AbortSignal,
): Promise<readonly PreflightFinding[]> {
  const wildcard = name.startsWith('*.');
  const token = text(random);
  const task: ChallengeTask = {
    type: config.type,
    identifier: { type: kind, value: wildcard ? name.slice(2) : name },
    wildcard,
    token,
    keyAuthorization: `${token}.${text(random)}`,
    ...(config.type === 'dns-account-01' && accountUrl !== null ? { accountUrl } : {}),
  };
  const findings: PreflightFinding[] = [];
  let solver: Solver | null = null;
  try {
    solver = solverFor(task, config);
    await solver.present(task, signal);
    if (!config.type.startsWith('dns-')) await solver.wait(task, signal);
    const doubt = (await solver.firewallDoubt?.(task)) ?? null;
    if (doubt !== null) findings.push(finding('firewall-doubtful', doubt, { name }));
    if (config.type === 'http-01') findings.push(...(await look(task)));
  } catch (error) {
    signal.throwIfAborted();
    findings.push(trialFinding(name, asEverbindError(error)));
  } finally {
    try {
      await solver?.cleanUp(task);
    } catch (error) {
      // A response that could not be put in place need not be removed, and its removal fails for the same reason.
      if (findings.length === 0) findings.push(finding('not-removed', said(asEverbindError(error)), { name }));
    }
  }
  return findings;
}

const CODES: Partial<Record<ErrorCode, FindingCode>> = {
  CHALLENGE_SELF_CHECK_FAILED: 'response-not-seen',
  CHALLENGE_PORT_IN_USE: 'port-taken',
  CHALLENGE_UNSUPPORTED: 'validation-impossible',
  DNS_DELEGATION_LOOP: 'delegation-loop',
  DNS_CREDENTIALS_REFUSED: 'credentials-refused',
  DNS_ZONE_NOT_FOUND: 'zone-missing',
  SECRET_NOT_FOUND: 'secret-missing',
};

function trialFinding(name: string, error: EverbindError): PreflightFinding {
  const redirected = error.facts.reason?.startsWith('redirect-') === true;
  const code = redirected ? 'redirect-not-followed' : (CODES[error.code] ?? 'validation-fails');
  return finding(code, said(error), { name });
}

function text(random: Random): string {
  return Buffer.from(random.bytes(32)).toString('base64url');
}
