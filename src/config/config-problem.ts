import { basename } from 'node:path';
import { EverbindError } from '../errors/error.ts';

/** A step to a value: a key of a mapping or an index of a list. */
export type PathStep = string | number;

/** A place in the file. */
export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

/** One thing wrong in the file. Never holds a value that may be a secret. */
export interface ConfigProblem extends Position {
  /** `certificates[3].names[0]`; empty for the file as a whole. */
  readonly path: string;
  readonly found: string;
  readonly expected: string;
  /** The word that was probably meant. */
  readonly suggestion: string | null;
}

/** More problems than this are not collected: nobody reads a flood of them. */
export const MAX_PROBLEMS = 1000;
/** More problems than this are counted but not listed. */
const LISTED = 50;

/** CONFIG_INVALID with every problem as data, in the order of the file. */
export class ConfigError extends EverbindError {
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    const ordered = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
    const listed = ordered.slice(0, LISTED).map((problem) => formatProblem(file, problem));
    const rest = ordered.length - listed.length;
    const lines = rest > 0 ? [...listed, `and ${rest} more`] : listed;
    super('CONFIG_INVALID', [`${file}: ${count(ordered.length)}`, ...lines].join('\n  '), {
      file,
      count: ordered.length,
      problems: lines,
    });
    this.name = 'ConfigError';
    this.problems = ordered;
  }
}

/** `everbind.yaml:12:5: certificates[3].name: found "Shop", expected …; did you mean "shop"?` */
export function formatProblem(file: string, problem: ConfigProblem): string {
  return `${basename(file)}:${problem.line}:${problem.column}: ${problemText(problem)}`;
}

/** The same without the place in a file. */
export function problemText({ path, found, expected, suggestion }: ConfigProblem): string {
  const meant = suggestion === null ? '' : `; did you mean ${JSON.stringify(suggestion)}?`;
  return `${path === '' ? '' : `${path}: `}found ${found}, expected ${expected}${meant}`;
}

/** `certificates[3].names[0]` */
export function pathText(path: readonly PathStep[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[A-Za-z0-9_-]+$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${quote(step)}]`;
  }
  return text;
}

/** Describes a value of the file in a few words, for `found`. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return quote(value);
  return typeof value === 'number' || typeof value === 'boolean' ? `${value}` : typeof value;
}

/** As JSON: shortened, with control characters escaped. */
export function quote(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return JSON.stringify(shown).replaceAll(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function count(problems: number): string {
  if (problems >= MAX_PROBLEMS) return `${MAX_PROBLEMS} problems or more`;
  return problems === 1 ? '1 problem' : `${problems} problems`;
}
