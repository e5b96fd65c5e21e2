import { ConfigError, type ConfigProblem } from '../../src/config/config-problem.ts';
import { parseConfig } from '../../src/config/parse.ts';
import type { Config } from '../../src/config/types.ts';

export const FILE = '/etc/everbind/everbind.yaml';

/** The configuration that this text means. */
export function read(text: string, file = FILE): Config {
  return parseConfig(Buffer.from(text), file);
}

/** What is wrong with this text; empty when nothing is. */
export function problemsOf(octets: string | Uint8Array, file = FILE): readonly ConfigProblem[] {
  try {
    parseConfig(Buffer.from(octets), file);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** `line:column path` of each problem, in order. */
export function placesOf(problems: readonly ConfigProblem[]): readonly string[] {
  return problems.map((problem) => `${problem.line}:${problem.column} ${problem.path}`);
}
