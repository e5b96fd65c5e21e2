import { EverbindError } from '../errors/error.ts';
import type { Json } from '../ports/deployment.ts';

/**
 * JSON in the one form of RFC 8785, for the values that events hold: strings, integers that a double holds exactly, booleans, null, lists,
 * objects with keys sorted by UTF-16 code units. Throws AUDIT_EVENT_INVALID for anything else: fractions, lone surrogates, depth over 32.
 */
export function canonicalJson(value: Json, depth = 0): string {
  if (depth > 32) throw invalid('it is nested deeper than 32 levels');
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw invalid('a number is no exact integer');
    return String(value === 0 ? 0 : value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw invalid('a string holds half a surrogate pair');
    return JSON.stringify(value);
  }
  if (isList(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join(',')}]`;
  const members = Object.keys(value)
    .sort()
    .map((key) => `${canonicalJson(key)}:${canonicalJson(value[key] ?? null, depth + 1)}`);
  return `{${members.join(',')}}`;
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}

function invalid(reason: string): EverbindError {
  return new EverbindError('AUDIT_EVENT_INVALID', `the event cannot be logged: ${reason}`, { reason });
}
