/** A target of a Link header field with its relation types (RFC 8288 section 3). */
export interface Link {
  readonly target: string;
  readonly relations: readonly string[];
}

const maxLinks = 64;

/** The links of all Link fields of a response. Text that does not parse ends its field; at most 64 links are read. */
export function parseLinks(fields: readonly string[]): readonly Link[] {
  const links: Link[] = [];
  for (const field of fields) {
    let position = 0;
    while (links.length < maxLinks) {
      const link = readLink(field, position);
      if (link === null) break;
      links.push({ target: link.target, relations: link.relations });
      position = link.end;
    }
  }
  return links;
}

/**
 * Targets whose relation types include `relation`, absolute against the URL of the response; text that is no URL is
 * left out.
 */
export function linkTargets(fields: readonly string[] | undefined, relation: string, base: string): readonly string[] {
  return parseLinks(fields ?? [])
    .filter((link) => link.relations.includes(relation))
    .flatMap((link) => {
      const url = URL.parse(link.target, base);
      return url === null ? [] : [url.href];
    });
}

const target = /[\s,]*<([^<>\s]{1,2048})>/y;
const parameter = /\s*;\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",;<>]*)))?/y;

function readLink(field: string, start: number): (Link & { readonly end: number }) | null {
  target.lastIndex = start;
  const found = target.exec(field);
  if (found === null) return null;
  let end = target.lastIndex;
  let relations: readonly string[] | null = null;
  for (;;) {
    parameter.lastIndex = end;
    const match = parameter.exec(field);
    if (match === null) break;
    end = parameter.lastIndex;
    // Only the first rel counts (RFC 8288 section 3.3).
    if (match[1]?.toLowerCase() === 'rel' && relations === null) {
      const value = match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '';
      relations = value.toLowerCase().split(/\s+/).filter(Boolean);
    }
  }
  return { target: found[1] ?? '', relations: relations ?? [], end };
}
