import type { Identifier } from '../pki/x509/names.ts';
import type { CertificateConfig, ChallengeConfig } from './types.ts';

/**
 * How control of this name can be proved: what the first rule that fits has, in its order. For a wildcard authorization pass the ordered name
 * (`*.example.com`). Empty when no rule fits, which loadConfig has excluded for the certificate's own names.
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

/** The first of these that can prove the name, or the first of all when none can; null when no rule fits. */
export function challengeFor(
  certificate: Pick<CertificateConfig, 'challenges'>,
  identifier: Identifier,
): ChallengeConfig | null {
  const challenges = challengesFor(certificate, identifier);
  return challenges.find(({ type }) => canProve(type, identifier)) ?? challenges[0] ?? null;
}

/** RFC 8555 section 7.1.4 leaves wildcards to challenges by DNS; RFC 8738 section 7 forbids those for addresses. */
export function canProve(type: ChallengeConfig['type'], { type: kind, value }: Identifier): boolean {
  const byDns = type.startsWith('dns-');
  return kind === 'ip' ? !byDns : byDns || !value.startsWith('*.');
}

/** `*` fits every name, `*.example.com` every name below example.com however deep and the wildcard itself, the rest itself. */
export function patternMatches(pattern: string, identifier: Identifier): boolean {
  if (pattern === '*' || pattern === identifier.value) return true;
  return pattern.startsWith('*.') && identifier.type === 'dns' && identifier.value.endsWith(pattern.slice(1));
}
