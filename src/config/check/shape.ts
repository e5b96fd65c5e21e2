import type * as z from 'zod';
import type { PathStep } from '../config-problem.ts';
import { type Report, shown } from '../report.ts';
import { suggest } from './suggest.ts';

/** Checks one part of the file against its schema. Reports every problem; returns null when there is one. */
export function checkShape<T extends z.ZodType>(
  schema: T,
  value: unknown,
  path: readonly PathStep[],
  report: Report,
): z.output<T> | null {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const told = new Set<string>();
  for (const issue of result.error.issues) {
    const within = issue.path.filter((step): step is PathStep => typeof step !== 'symbol');
    const full = [...path, ...within];
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) report.unknownKey(full, key, knownKeys(schema, value, within));
      continue;
    }
    // A value that breaks two rules of its schema is one problem.
    const place = JSON.stringify(full);
    if (told.has(place)) continue;
    told.add(place);
    const found = valueAt(value, within);
    const words = allowedWords(issue);
    const expected = issue.code === 'invalid_union' && words.length > 0 ? `one of ${words.join(', ')}` : issue.message;
    report.problem(
      full,
      `${shown(full, found)}${reason(issue)}`,
      expected,
      typeof found === 'string' ? suggest(found, words) : null,
    );
  }
  return null;
}

/** Why a value that was parsed is wrong. */
function reason(issue: z.core.$ZodIssue): string {
  const text: unknown = issue.code === 'custom' ? issue.params?.['reason'] : null;
  return typeof text === 'string' ? ` (${text})` : '';
}

function allowedWords(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  if (issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options)) {
    return issue.options.map(String);
  }
  return [];
}

function valueAt(value: unknown, path: readonly PathStep[]): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Record<PathStep, unknown>)[step];
  }
  return current;
}

/** Keys that the mapping at this path may have. */
function knownKeys(schema: z.ZodType, value: unknown, path: readonly PathStep[]): readonly string[] {
  let current: Definition | undefined = definition(schema);
  let data = value;
  for (const step of path) {
    current = unwrap(current, data);
    data = valueAt(data, [step]);
    const next: z.core.$ZodType | undefined =
      current?.type === 'array' ? current.element : current?.type === 'object' ? current.shape?.[step] : undefined;
    current = next === undefined ? undefined : definition(next);
  }
  return Object.keys(unwrap(current, data)?.shape ?? {});
}

interface Definition {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly options?: readonly z.core.$ZodType[];
  readonly discriminator?: string;
  readonly values?: readonly unknown[];
}

function definition(schema: z.core.$ZodType): Definition {
  return schema._zod.def;
}

/** Looks through `optional`, and into the option of a union that the data selects. */
function unwrap(start: Definition | undefined, data: unknown): Definition | undefined {
  let current = start;
  while (current?.innerType !== undefined) current = definition(current.innerType);
  const { options, discriminator } = current ?? {};
  if (options === undefined || discriminator === undefined) return current;
  const chosen = valueAt(data, [discriminator]);
  return options.map(definition).find((option) => {
    const tag = option.shape?.[discriminator];
    return tag !== undefined && definition(tag).values?.includes(chosen) === true;
  });
}
