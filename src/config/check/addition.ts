import { EverbindError } from '../../errors/error.ts';
import { parseConfig } from '../parse.ts';
import { ConfigError, problemText } from '../config-problem.ts';
import type { Config } from '../types.ts';
import { parseYaml } from '../yaml/document.ts';

/**
 * Checks a configuration to which a certificate was added at the end; `before` is its text without it, null for a new
 * one. Returns the configuration. Problems of the addition alone are reported without a line, since no file has it yet.
 * Throws CONFIG_NOT_ADDED for those, CONFIG_INVALID for what was wrong before.
 */
export function checkAddition(before: string | null, next: string, file: string, name: string): Config {
  try {
    return parseConfig(Buffer.from(next), file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const own = before === null ? '' : `certificates[${certificates(next) - 1}].`;
    if (!error.problems.every(({ path }) => path.startsWith(own))) throw error;
    const problems = error.problems.map((problem) => problemText({ ...problem, path: problem.path.slice(own.length) }));
    const message = [`${name} was not added to ${file}`, ...problems].join('\n  ');
    throw new EverbindError('CONFIG_NOT_ADDED', message, { file, name, problems }, { cause: error });
  }
}

function certificates(text: string): number {
  const yaml = parseYaml(text);
  const value = 'problems' in yaml ? null : (yaml.document.value as { certificates?: unknown } | null);
  return Array.isArray(value?.certificates) ? value.certificates.length : 0;
}
