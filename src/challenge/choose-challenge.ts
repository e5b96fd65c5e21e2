import { canValidate } from '../config/challenge-for.ts';
import type { ChallengeConfig } from '../config/types.ts';
import type { Identifier } from '../pki/x509/names.ts';

/** Why a challenge was chosen among several: the word that programs see, and what it says of the first of them. */
export const CHALLENGE_CHOICES = {
  first: 'it is the first of the list',
  'wildcard-needs-dns': 'wildcards are validated by DNS only',
  'address-needs-connection': 'IP addresses are not validated by DNS',
  'not-offered': 'the CA does not offer what comes first',
  'not-visible': 'the response of what comes first could not be made visible; port 80 may be closed or taken',
  'failed-before': 'what comes first has failed at the CA',
  'all-failed': 'each has failed at the CA; this one longest ago',
} as const;
export type ChallengeChoiceCode = keyof typeof CHALLENGE_CHOICES;

export interface ChallengeChoice {
  readonly config: ChallengeConfig;
  /** null where there is only one. */
  readonly code: ChallengeChoiceCode | null;
}

export interface ChallengeFacts {
  /** As ordered, with `*.`. */
  readonly identifier: Identifier;
  /** In the order of the configuration. */
  readonly candidates: readonly ChallengeConfig[];
  /** Types that the CA offers; null while it has not been asked. */
  readonly offered: readonly string[] | null;
  /** When it failed at the CA last, milliseconds since 1970; null when it has not, or has worked since. */
  readonly failedAt: (config: ChallengeConfig) => number | null;
  /** Those whose responses could not be made visible in this attempt. */
  readonly notVisible: readonly ChallengeConfig[];
}

/**
 * How a name is validated now: by the first challenge that can be used and has not failed, or else the one that failed
 * longest ago. null: none can be used.
 */
export function chooseChallenge(facts: ChallengeFacts): ChallengeChoice | null {
  const { candidates, failedAt } = facts;
  const usable = candidates.filter((candidate) => obstacle(facts, candidate) === null);
  const config =
    usable.find((candidate) => failedAt(candidate) === null) ??
    usable.toSorted((a, b) => (failedAt(a) ?? 0) - (failedAt(b) ?? 0))[0];
  const [first] = candidates;
  if (config === undefined || first === undefined) return null;
  if (candidates.length === 1) return { config, code: null };
  if (failedAt(config) !== null) return { config, code: 'all-failed' };
  if (config === first) return { config, code: 'first' };
  return { config, code: obstacle(facts, first) ?? 'failed-before' };
}

function obstacle(
  { identifier, offered, notVisible }: ChallengeFacts,
  config: ChallengeConfig,
): ChallengeChoiceCode | null {
  if (!canValidate(config.type, identifier)) {
    return identifier.type === 'ip' ? 'address-needs-connection' : 'wildcard-needs-dns';
  }
  if (offered !== null && !offered.includes(config.type)) return 'not-offered';
  return notVisible.includes(config) ? 'not-visible' : null;
}
