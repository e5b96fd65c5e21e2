import { isUtf8 } from 'node:buffer';
import { invalidResponse } from './decoding.ts';

/** ACME objects are at most four levels deep; a profile or an unknown member may add a few. */
const maxDepth = 32;

/** JSON from a CA. Throws ACME_RESPONSE_INVALID for anything but one JSON text in UTF-8 of bounded depth. */
export function parseJson(octets: Uint8Array, resource: string): unknown {
  if (!isUtf8(octets)) throw invalidResponse(resource, 'UTF-8');
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('utf8');
  if (depth(text) > maxDepth) throw invalidResponse(resource, `JSON of at most ${maxDepth} levels`);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message is dropped: it quotes the CA's text, which may hold anything.
    throw invalidResponse(resource, 'JSON');
  }
}

function depth(text: string): number {
  let level = 0;
  let deepest = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (quoted) {
      if (code === BACKSLASH) index += 1;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) {
      quoted = true;
    } else if (code === BRACE || code === BRACKET) {
      level += 1;
      if (level > deepest) deepest = level;
    } else if (code === BRACE_END || code === BRACKET_END) {
      level -= 1;
    }
  }
  return deepest;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
