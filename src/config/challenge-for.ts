import type { Identifier } from '../pki/x509/names.ts';
import type { CertificateConfig, ChallengeConfig } from './types.ts';

/**
 * The ways to validate this name, in order: those of the first rule that matches it. For a wildcard authorization pass
 * the ordered name (`*.example.com`). Empty when no rule matches; loadConfig has excluded that for the certificate's
 * own names.
 */
export function challengesFor(
  certificate: Pick<CertificateConfig, 'challenges'>,
  identifier: Identifier,
): readonly ChallengeConfig[] {
  const rule = certificate.challenges.find((candidate) =>
    candidate.patterns.some((pattern) => patternMatches(pattern, identifier)),
  );
  return rule === undefined ? [] : [rule.challenge, ...(rule.otherwise ?? [])];
}

/** The first of these that can validate the name, or the first of all when none can; null when no rule matches. */
export function challengeFor(
  certificate: Pick<CertificateConfig, 'challenges'>,
  identifier: Identifier,
): ChallengeConfig | null {
  const challenges = challengesFor(certificate, identifier);
  return challenges.find(({ type }) => canValidate(type, identifier)) ?? challenges[0] ?? null;
}

/** How long the configuration allows a challenge response to take until it is visible, milliseconds. */
export function visibleWithinMs(config: ChallengeConfig): number {
  if (!('propagation' in config)) return 0;
  // One run of the program makes the record, another removes it.
  return 1000 * (config.propagation.timeoutSeconds + ('command' in config ? 2 * config.timeoutSeconds : 0));
}

/** The same for every challenge of a certificate, one after another, as they may have to be tried. */
export function allVisibleWithinMs({ challenges }: Pick<CertificateConfig, 'challenges'>): number {
  return challenges
    .flatMap(({ challenge, otherwise = [] }) => [challenge, ...otherwise])
    .reduce((sum, config) => sum + visibleWithinMs(config), 0);
}

/** RFC 8555 section 7.1.4 reserves wildcards for challenges by DNS; RFC 8738 section 7 forbids those for addresses. */
export function canValidate(type: ChallengeConfig['type'], { type: kind, value }: Identifier): boolean {
  const byDns = type.startsWith('dns-');
  return kind === 'ip' ? !byDns : byDns || !value.startsWith('*.');
}

/**
 * `*` matches every name. `*.example.com` matches every name below example.com, however deep, and the wildcard itself.
 * Anything else matches itself.
 */
export function patternMatches(pattern: string, identifier: Identifier): boolean {
  if (pattern === '*' || pattern === identifier.value) return true;
  return pattern.startsWith('*.') && identifier.type === 'dns' && identifier.value.endsWith(pattern.slice(1));
}
