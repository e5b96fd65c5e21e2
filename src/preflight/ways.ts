import { challengesFor, canValidate } from '../config/challenge-for.ts';
import type { CertificateConfig, ChallengeConfig } from '../config/types.ts';
import type { Identifier } from '../pki/x509/names.ts';
import type { PreflightFinding } from './findings.ts';

/** The challenges that can validate a name, in the order of the configuration; all configured ones where none can. */
export function waysFor(
  certificate: Pick<CertificateConfig, 'challenges'>,
  identifier: Identifier,
): readonly ChallengeConfig[] {
  const all = challengesFor(certificate, identifier);
  const possible = all.filter(({ type }) => canValidate(type, identifier));
  return possible.length > 0 ? possible : all;
}

/**
 * The findings of each way, up to the first that does not fail. Where there is one, a renewal reaches it in the end, so
 * the findings before it are only doubtful.
 */
export async function examineWays<Way>(
  ways: readonly Way[],
  examine: (way: Way) => Promise<readonly PreflightFinding[]>,
): Promise<readonly PreflightFinding[]> {
  const failed: PreflightFinding[] = [];
  for (const way of ways) {
    const found = await examine(way);
    if (!found.some(({ severity }) => severity === 'fails')) {
      return [...failed.map((one) => ({ ...one, severity: 'doubtful' as const })), ...found];
    }
    // Two ways may fail for the same reason.
    failed.push(...found.filter(({ what }) => failed.every((one) => one.what !== what)));
  }
  return failed;
}
