import { EverbindError } from '../errors/error.ts';
import type { Json } from '../ports/deployment.ts';

const MOST_LEVELS = 32;

/**
 * JSON in the one form of RFC 8785: no spaces, keys sorted by UTF-16 code units, numbers and strings as ECMAScript
 * writes them. Throws AUDIT_EVENT_INVALID for a value without such a form (infinities, half surrogate pairs) and for
 * one nested deeper than 32 levels.
 */
export function canonicalJson(value: Json, level = 0): string {
  if (level > MOST_LEVELS) throw invalid(`it is nested deeper than ${MOST_LEVELS} levels`);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw invalid('a number is not finite');
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw invalid('a string holds half a surrogate pair');
    return JSON.stringify(value);
  }
  if (isList(value)) return `[${value.map((item) => canonicalJson(item, level + 1)).join(',')}]`;
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member !== undefined) members.push(`${canonicalJson(key)}:${canonicalJson(member, level + 1)}`);
  }
  return `{${members.join(',')}}`;
}

/**
 * Replaces every half surrogate pair by U+FFFD. Texts from a peer may hold some, and the log must take the event all
 * the same.
 */
export function wellFormed(value: Json, level = 0): Json {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object' || value === null) return value;
  if (level > MOST_LEVELS) throw invalid(`it is nested deeper than ${MOST_LEVELS} levels`);
  if (isList(value)) return value.map((item) => wellFormed(item, level + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key.toWellFormed(), wellFormed(member, level + 1)]),
  );
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}

function invalid(reason: string): EverbindError {
  return new EverbindError('AUDIT_EVENT_INVALID', `the event cannot be logged: ${reason}`, { reason });
}
