import * as z from 'zod';

// Schemas of single values. The error text of each completes the sentence "found X, expected …".

interface TextRule {
  readonly expected: string;
  readonly pattern?: RegExp;
  readonly max?: number;
}

/** Text that is not empty. */
export function text({ expected, pattern, max = 1024 }: TextRule) {
  const bounded = z.string({ error: expected }).min(1, { error: expected }).max(max, { error: expected });
  return pattern === undefined ? bounded : bounded.regex(pattern, { error: expected });
}

export function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words, { error: `one of ${words.join(', ')}` });
}

export function yesOrNo() {
  return z.boolean({ error: 'true or false' });
}

export function wholeNumber(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

export function listOf<T extends z.ZodType>(item: T, what: string, bounds: { min?: number; max: number }) {
  const { min = 0, max } = bounds;
  const error = min > 0 ? `a list of ${min} to ${max} ${what}` : `a list of at most ${max} ${what}`;
  return z.array(item, { error }).min(min, { error }).max(max, { error });
}

/** Unknown keys are errors. */
export function section<const T extends z.core.$ZodLooseShape>(shape: T, what: string) {
  return z.strictObject(shape, { error: what });
}

/** Names of certificates and issuers: usable in file names, URLs and on the command line as they stand. */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,62}$/;

export function name() {
  return text({
    expected: 'a name of at most 63 lower-case letters, digits, ".", "_" and "-" that begins with a letter or digit',
    pattern: NAME_PATTERN,
    max: 63,
  });
}

/** What is expected where the configuration names a place for keys. */
export const KEY_PROVIDER = 'software, cng, or the name of a key storage provider of Windows';

export function keyProvider() {
  // Control characters and blanks at the ends are typing errors: no provider has them in its name.
  return text({ expected: KEY_PROVIDER, pattern: /^[^\p{C}\s]+(?: [^\p{C}\s]+)*$/u, max: 127 });
}

/** What a reference to a sealed value looks like. */
export const SECRET_PATTERN = /^secret:[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** What is expected where a secret belongs. */
export const SECRET_EXPECTED =
  'secret:NAME, a reference to a value kept by "everbind secret set NAME"; never the value itself';

export function secretReference() {
  return text({
    expected: SECRET_EXPECTED,
    pattern: SECRET_PATTERN,
    max: 70,
  });
}

/** Values by setting name. The check of the provider judges them. */
export function providerSettings() {
  const error = 'text of at most 4096 characters';
  const value = z.union([z.string().max(4096, { error }), z.int(), z.boolean()], { error });
  return z.record(z.string(), value, { error: 'a mapping of settings' });
}

export function filePath(what: string) {
  return text({ expected: `the path of ${what}`, max: 4096, pattern: /^[^\0]+$/ });
}
