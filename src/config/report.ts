import type { ConfigDocument } from './yaml/document.ts';
import { type ConfigProblem, describe, MAX_PROBLEMS, type PathStep, pathText, quote } from './config-problem.ts';
import { suggest } from './check/suggest.ts';
import type { ConfigWarning } from './types.ts';

const MAX_WARNINGS = 200;

/** Collects the problems of a file, each with its place. */
export interface Report {
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
  /** `found` in words; see `shown` for values. */
  problem(path: readonly PathStep[], found: string, expected: string, suggestion?: string | null): void;
  unknownKey(path: readonly PathStep[], key: string, known: readonly string[]): void;
  warn(code: ConfigWarning['code'], path: readonly PathStep[], message: string): void;
  /** Line of the value at this path. */
  line(path: readonly PathStep[]): number;
}

export function createReport(document: ConfigDocument): Report {
  const problems: ConfigProblem[] = [];
  const warnings: ConfigWarning[] = [];
  return {
    problems,
    warnings,
    problem(path, found, expected, suggestion = null) {
      if (problems.length >= MAX_PROBLEMS) return;
      problems.push({ ...document.locate(path), path: pathText(path), found, expected, suggestion });
    },
    unknownKey(path, key, known) {
      if (problems.length >= MAX_PROBLEMS) return;
      const full = [...path, key];
      problems.push({
        ...document.locateKey(full),
        path: pathText(full),
        found: `the unknown key ${quote(key)}`,
        expected: `one of the keys ${known.join(', ')}`,
        suggestion: suggest(key, known),
      });
    },
    warn(code, path, message) {
      if (warnings.length >= MAX_WARNINGS) return;
      warnings.push({ code, ...document.locate(path), path: pathText(path), message });
    },
    line: (path) => document.locate(path).line,
  };
}

/** Describes a value for the report. A value where a secret or a program's argument belongs is not repeated. */
export function shown(path: readonly PathStep[], value: unknown): string {
  const sensitive = path.some((step) => step === 'externalAccountBinding' || step === 'command' || step === 'settings');
  if (sensitive && value !== null && typeof value !== 'object' && value !== undefined) return 'a value (not shown)';
  if (typeof value === 'string' && /:\/\/[^/]*@/.test(value)) return 'a URL with a user name or password (not shown)';
  return describe(value);
}
