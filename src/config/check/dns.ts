import type { ProviderDefinition } from '../../dns/provider-kit/definition.ts';
import { findProvider } from '../../dns/provider-kit/open.ts';
import { absolutePath, isFile } from './path.ts';
import type { CheckContext } from './context.ts';
import { DEFAULTS } from '../defaults.ts';
import { type PathStep, quote } from '../config-problem.ts';
import type { ChallengeInput } from '../schema/challenge.ts';
import { SECRET_EXPECTED, SECRET_PATTERN } from '../schema/values.ts';
import type { DnsChallengeConfig } from '../types.ts';

type DnsInput = ChallengeInput & { type: 'dns-01' | 'dns-account-01' };

/** Providers other than `exec` have settings; `exec` has a command. */
export function checkDns(input: DnsInput, path: readonly PathStep[], context: CheckContext): DnsChallengeConfig {
  const propagation = {
    timeoutSeconds: input.propagation?.timeoutSeconds ?? DEFAULTS.propagationTimeoutSeconds,
    publicResolvers: input.propagation?.publicResolvers ?? [],
  };
  const { provider } = input;
  const foreign =
    provider === 'exec' ? (['settings', 'allowInsecureLoopback'] as const) : (['command', 'timeoutSeconds'] as const);
  for (const key of foreign) {
    if (input[key] === undefined) continue;
    const wanted = provider === 'exec' ? 'command and timeoutSeconds' : 'settings';
    context.report.problem([...path, key], `${key} with provider ${provider}`, `${wanted} for it`);
  }
  if (provider === 'exec') {
    if (input.command === undefined) {
      context.report.problem([...path, 'command'], 'nothing', 'a list of 1 to 64 texts: a program and its arguments');
    }
    return {
      type: input.type,
      provider,
      command: checkCommand(input.command ?? [], [...path, 'command'], context),
      timeoutSeconds: input.timeoutSeconds ?? DEFAULTS.execTimeoutSeconds,
      propagation,
    };
  }
  const settings = Object.entries(input.settings ?? {}).map(([key, value]) => [key, String(value)] as const);
  checkSettings(findProvider(provider), new Map(settings), [...path, 'settings'], context);
  return {
    type: input.type,
    provider,
    settings: Object.fromEntries(settings),
    allowInsecureLoopback: input.allowInsecureLoopback ?? false,
    propagation,
  };
}

function checkSettings(
  definition: ProviderDefinition,
  given: ReadonlyMap<string, string>,
  path: readonly PathStep[],
  { report }: CheckContext,
): void {
  const known = definition.settings.map(({ name }) => name);
  for (const key of given.keys()) if (!known.includes(key)) report.unknownKey(path, key, known);
  for (const { name, required, secret, description } of definition.settings) {
    const value = given.get(name);
    if (value === undefined || value === '') {
      if (required) report.problem([...path, name], 'nothing', `${quote(name)} of ${definition.name}: ${description}`);
    } else if (secret && !SECRET_PATTERN.test(value)) {
      report.problem([...path, name], 'a value (not shown)', SECRET_EXPECTED);
    }
  }
}

function checkCommand(
  command: readonly string[],
  path: readonly PathStep[],
  { report, folder }: CheckContext,
): readonly string[] {
  const [program = '', ...rest] = command;
  const file = absolutePath(folder, program);
  // A warning only: the file may be checked on a machine that does not have the program.
  if (!isFile(file)) report.warn('program-missing', [...path, 0], `there is no file ${file}`);
  return [file, ...rest];
}
