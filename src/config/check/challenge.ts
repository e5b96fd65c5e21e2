import type { CheckContext } from './context.ts';
import { DEFAULT_CHALLENGE, DEFAULTS } from '../defaults.ts';
import type { PathStep } from '../config-problem.ts';
import type { SettingsInput } from '../schema/schema.ts';
import type { ChallengeInput, ChallengeRuleInput, SingleChallengeInput } from '../schema/challenge.ts';
import { checkDns } from './dns.ts';
import type { ChallengeConfig, ChallengeRule } from '../types.ts';

/** The challenge rules of a certificate or of `defaults`; null when it names none. */
export function checkChallenges(
  input: SettingsInput,
  path: readonly PathStep[],
  context: CheckContext,
): readonly ChallengeRule[] | null {
  const { challenge, challenges } = input;
  if (challenge !== undefined && challenges !== undefined) {
    context.report.problem([...path, 'challenges'], 'both challenge and challenges', 'one of them');
  }
  if (challenges !== undefined) {
    return challenges.map((rule, index) => checkRule(rule.names, rule, [...path, 'challenges', index], context));
  }
  if (challenge === undefined) return null;
  return [checkRule(['*'], challenge, [...path, 'challenge'], context)];
}

function checkRule(
  patterns: readonly string[],
  input: ChallengeInput | ChallengeRuleInput,
  path: readonly PathStep[],
  context: CheckContext,
): ChallengeRule {
  if (input.type !== 'auto') return { patterns, challenge: checkChallenge(input, path, context) };
  const [challenge, ...otherwise] = (input.of ?? []).map((item, index) =>
    checkChallenge(item, [...path, 'of', index], context),
  );
  return challenge === undefined
    ? { patterns, challenge: DEFAULT_CHALLENGE, otherwise: [{ type: 'tls-alpn-01', port: DEFAULTS.tlsAlpnPort }] }
    : { patterns, challenge, otherwise };
}

function checkChallenge(
  input: SingleChallengeInput,
  path: readonly PathStep[],
  context: CheckContext,
): ChallengeConfig {
  switch (input.type) {
    case 'http-01':
      return checkHttp(input, path, context);
    case 'tls-alpn-01':
      return { type: input.type, port: input.port ?? DEFAULTS.tlsAlpnPort };
    case 'dns-01':
    case 'dns-account-01':
      return checkDns(input, path, context);
    case 'dns-persist-01':
      return { type: input.type, publicResolvers: input.publicResolvers ?? [] };
  }
}

function checkHttp(
  input: ChallengeInput & { type: 'http-01' },
  path: readonly PathStep[],
  { report }: CheckContext,
): ChallengeConfig {
  const mode = input.mode ?? DEFAULTS.httpMode;
  if (input.path !== undefined) {
    if (mode !== 'webroot' && mode !== 'auto') {
      report.problem([...path, 'path'], `a path with mode ${mode}`, 'mode webroot or auto for it');
    }
  }
  return { type: 'http-01', mode, path: input.path ?? null, port: input.port ?? DEFAULTS.httpPort };
}
