/** One `/name:value` of an appcmd command; value null for a bare `/name`. */
export interface AppcmdParameter {
  readonly name: string;
  readonly value: string | null;
}

export interface AppcmdCommand {
  /** In lower case: list, set, add, delete, start, stop, restore. */
  readonly verb: string;
  /** In lower case and singular: site, app, vdir, config, backup. */
  readonly object: string;
  readonly identifier: string | null;
  readonly parameters: readonly AppcmdParameter[];
}

/** Reads `appcmd (command) (object) [identifier] [/param:value]*`; null where appcmd would print its usage. */
export function parseAppcmdArguments(args: readonly string[]): AppcmdCommand | null {
  const [verb, object, ...rest] = args;
  if (verb === undefined || object === undefined) return null;
  let identifier: string | null = null;
  const parameters: AppcmdParameter[] = [];
  for (const text of rest) {
    if (/^[/-]/.test(text)) parameters.push(parseParameter(text.slice(1)));
    else if (identifier === null) identifier = text;
    else return null;
  }
  return { verb: verb.toLowerCase(), object: object.toLowerCase().replace(/s$/, ''), identifier, parameters };
}

// The first colon outside brackets and quotes ends the name: bindings contain colons themselves.
function parseParameter(text: string): AppcmdParameter {
  let quoted = false;
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === "'" && depth > 0) quoted = !quoted;
    else if (quoted) continue;
    else if (character === '[') depth += 1;
    else if (character === ']') depth -= 1;
    else if (character === ':' && depth === 0) return { name: text.slice(0, index), value: text.slice(index + 1) };
  }
  return { name: text, value: null };
}

/** The value of the first parameter with one of these names; null when it is absent or bare. */
export function parameter(command: AppcmdCommand, ...names: readonly string[]): string | null {
  const wanted = names.map((name) => name.toLowerCase());
  return command.parameters.find(({ name }) => wanted.includes(name.toLowerCase()))?.value ?? null;
}

/** Whether the parameter was given, with a value or without. `name` in lower case. */
export function has(command: AppcmdCommand, name: string): boolean {
  return command.parameters.some((candidate) => candidate.name.toLowerCase() === name);
}

/** A step of a configuration path: an element or attribute by name, or an element of a collection by its attributes. */
export type PathStep =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'element'; readonly keys: Readonly<Record<string, string>> };

export interface ConfigurationPath {
  /** `+` adds the last element, `-` removes it, null sets the last name to a value. */
  readonly operation: '+' | '-' | null;
  readonly steps: readonly PathStep[];
}

/**
 * Reads `+bindings.[protocol='https',bindingInformation='*:443:'].sslFlags` and the like; null when it is malformed.
 */
export function parseConfigurationPath(text: string): ConfigurationPath | null {
  const operation = text.startsWith('+') || text.startsWith('-') ? (text[0] as '+' | '-') : null;
  let rest = operation === null ? text : text.slice(1);
  const steps: PathStep[] = [];
  while (rest !== '') {
    const name = /^[A-Za-z][A-Za-z0-9]*/.exec(rest)?.[0];
    if (name !== undefined) {
      steps.push({ kind: 'name', name });
      rest = rest.slice(name.length);
    } else {
      const element = /^\[((?:\s*[A-Za-z][A-Za-z0-9]*='[^']*'\s*,?)+)\]/.exec(rest);
      if (element === null) return null;
      const pairs = [...(element[1] ?? '').matchAll(/([A-Za-z][A-Za-z0-9]*)='([^']*)'/g)];
      steps.push({ kind: 'element', keys: Object.fromEntries(pairs.map(([, key, value]) => [key, value])) });
      rest = rest.slice(element[0].length);
    }
    if (rest === '') break;
    if (!rest.startsWith('.') || rest === '.') return null;
    rest = rest.slice(1);
  }
  return steps.length === 0 ? null : { operation, steps };
}
