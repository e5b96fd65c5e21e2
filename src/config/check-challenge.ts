import { absolutePath, isFile } from './check-path.ts';
import type { CheckContext } from './context.ts';
import { DEFAULTS } from './defaults.ts';
import type { PathStep } from './problem.ts';
import type { SettingsInput } from './schema.ts';
import type { ChallengeInput, ChallengeRuleInput } from './schema-challenge.ts';
import type { ChallengeConfig, ChallengeRule } from './types.ts';

/** The challenge rules of a certificate or of `defaults`; null when it says nothing about challenges. */
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
    return challenges.map((rule, index) => checkRule(rule, [...path, 'challenges', index], context));
  }
  if (challenge === undefined) return null;
  return [{ patterns: ['*'], challenge: checkChallenge(challenge, [...path, 'challenge'], context) }];
}

function checkRule(rule: ChallengeRuleInput, path: readonly PathStep[], context: CheckContext): ChallengeRule {
  return { patterns: rule.names, challenge: checkChallenge(rule, path, context) };
}

function checkChallenge(input: ChallengeInput, path: readonly PathStep[], context: CheckContext): ChallengeConfig {
  if (input.type === 'http-01') return checkHttp(input, path, context);
  return {
    type: 'dns-01',
    provider: input.provider,
    command: checkCommand(input.command, [...path, 'command'], context),
    timeoutSeconds: input.timeoutSeconds ?? DEFAULTS.execTimeoutSeconds,
  };
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

function checkCommand(
  command: readonly string[],
  path: readonly PathStep[],
  { report, folder }: CheckContext,
): readonly string[] {
  const [program = '', ...rest] = command;
  const file = absolutePath(folder, program);
  // No error: only what uses it fails, and on the machine that checks a file the program may be absent.
  if (!isFile(file)) report.warn('program-missing', [...path, 0], `there is no file ${file}`);
  return [file, ...rest];
}
