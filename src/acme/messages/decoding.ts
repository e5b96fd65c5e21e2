import { EverbindError } from '../../errors/error.ts';
import { parseTimestamp } from './timestamp.ts';
import { checkUrl, type UrlPolicy } from './url-policy.ts';

// Readers for the members of ACME objects. `where` names the member, such as `order.finalize`; all of them throw
// ACME_RESPONSE_INVALID. What the state of an object needs is read with them alone; everything else through
// `ifReadable`, so that no oddity in a member that nobody uses costs a certificate.

export type Members = Readonly<Record<string, unknown>>;

/** An error for a response, or a member of one, that breaks RFC 8555. */
export function invalidResponse(where: string, expected: string): EverbindError {
  return new EverbindError('ACME_RESPONSE_INVALID', `The CA sent an unusable ${where}: expected ${expected}`, {
    member: where,
    expected,
  });
}

export function members(value: unknown, where: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidResponse(where, 'an object');
  return value as Members;
}

/** The value of a member, undefined when it is absent or null (which some CAs send for absent). */
export function member(object: Members, name: string): unknown {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined;
}

/** Applies a reader unless the value is absent. */
export function optional<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === undefined ? null : read(value);
}

/** The value of a member that nothing depends on now: null also when the reader refuses it. */
export function ifReadable<T>(value: unknown, read: (value: unknown) => T): T | null {
  try {
    return optional(value, read);
  } catch (error) {
    if (error instanceof EverbindError) return null;
    throw error;
  }
}

export function string(value: unknown, where: string, maxLength: number): string {
  if (typeof value !== 'string' || value.length > maxLength) {
    throw invalidResponse(where, `a string of at most ${maxLength} characters`);
  }
  return value;
}

export function boolean(value: unknown, where: string): boolean {
  if (typeof value !== 'boolean') throw invalidResponse(where, 'true or false');
  return value;
}

export function oneOf<const T extends string>(value: unknown, where: string, words: readonly T[]): T {
  const found = words.find((word) => word === value);
  if (found === undefined) throw invalidResponse(where, words.join(', '));
  return found;
}

export function list<T>(
  value: unknown,
  where: string,
  maxItems: number,
  read: (item: unknown, where: string) => T,
): readonly T[] {
  if (!Array.isArray(value) || value.length > maxItems) {
    throw invalidResponse(where, `a list of at most ${maxItems} items`);
  }
  return value.map((item: unknown, index) => read(item, `${where}[${index}]`));
}

/** A time as milliseconds since 1970. */
export function timestamp(value: unknown, where: string): number {
  const time = typeof value === 'string' ? parseTimestamp(value) : null;
  if (time === null) throw invalidResponse(where, 'an RFC 3339 time');
  return time;
}

/** A URL that requests may go to. Throws ACME_INSECURE_URL for any other. */
export function url(value: unknown, where: string, policy: UrlPolicy): string {
  if (typeof value !== 'string') throw invalidResponse(where, 'a URL');
  return checkUrl(value, where, policy);
}

/** Text of a CA for people: cut to the length, control characters as spaces so that no terminal obeys them. */
export function printable(text: string, maxLength: number): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  // Bidirectional overrides too: they can make a line read as another one.
  return cut.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, ' ');
}
