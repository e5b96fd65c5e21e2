/** Content of an `issue` or `issuewild` property (RFC 8659 section 4.2). */
export interface CaaIssuer {
  /** In lower case; '' names no CA. */
  readonly domain: string;
  readonly parameters: readonly CaaParameter[];
}

export interface CaaParameter {
  readonly tag: string;
  readonly value: string;
}

/** Null for a malformed value, which CAs treat as one that names no CA. Tags have no hyphens, as in Boulder. */
export function parseCaaValue(text: string): CaaIssuer | null {
  const [domain = '', ...rest] = text.split(';').map(trim);
  const last = rest.length - 1;
  const parameters: CaaParameter[] = [];
  for (const [index, part] of rest.entries()) {
    // A semicolon at the end is usual.
    if (part === '' && index === last) continue;
    const [, tag, value] = /^([a-zA-Z0-9]+)[ \t]*=[ \t]*([\x21-\x7e]*)$/.exec(part) ?? [];
    if (tag === undefined || value === undefined) return null;
    parameters.push({ tag, value });
  }
  return { domain: domain.toLowerCase(), parameters };
}

/**
 * RFC 8657 section 3: this very account; no account satisfies a value that names two. `accountUrl` null: there is none
 * yet.
 */
export function namesAccount(parameters: readonly CaaParameter[], accountUrl: string | null): boolean {
  const [first, second] = valuesOf(parameters, 'accounturi');
  return first === undefined || (second === undefined && first === accountUrl);
}

/** RFC 8657 section 4: one list of well-formed methods that has this one. */
export function namesMethod(parameters: readonly CaaParameter[], method: string): boolean {
  const [first, second] = valuesOf(parameters, 'validationmethods');
  if (first === undefined) return true;
  const methods = first.split(',');
  return second === undefined && methods.every((one) => /^[a-zA-Z0-9-]+$/.test(one)) && methods.includes(method);
}

function valuesOf(parameters: readonly CaaParameter[], wanted: string): readonly string[] {
  return parameters.filter(({ tag }) => tag === wanted).map(({ value }) => value);
}

/** The white space of RFC 8659 only: any other is part of the value, which is then malformed. */
function trim(text: string): string {
  return text.replaceAll(/^[ \t]+|[ \t]+$/g, '');
}
