import { EverbindError } from '../../errors/error.ts';

// Domain names on the wire (RFC 1035 sections 3.1 and 4.1.4).

const MAX_NAME = 255;
const MAX_LABEL = 63;

/**
 * The wire form of a name (A-labels, no dot at the end; '' is the root), uncompressed. Throws DNS_QUERY_FAILED for text
 * that is no name.
 */
export function encodeName(name: string): Uint8Array {
  const labels = name === '' ? [] : name.split('.').map((label) => Buffer.from(label, 'latin1'));
  const octets = labels.flatMap((label) => [label.length, ...label]);
  const good = /^[\x21-\x7e]*$/.test(name) && labels.every(({ length }) => length > 0 && length <= MAX_LABEL);
  if (!good || octets.length >= MAX_NAME) throw malformed('the name of a question is no domain name');
  return Uint8Array.from([...octets, 0]);
}

/**
 * The name at `offset` of a message, in lower case, and the offset after it. Octets that are not printable ASCII, and
 * dots within a label, are written as `\DDD`. Pointers must lead backwards, so that a hostile message cannot make a
 * loop.
 */
export function decodeName(message: Uint8Array, offset: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let length = 1;
  let end = -1;
  let limit = offset;
  for (let at = offset; ; ) {
    const head = octet(message, at);
    if (head === 0) {
      return { name: labels.join('.'), end: end === -1 ? at + 1 : end };
    }
    if (head >= 0xc0) {
      const target = ((head & 0x3f) << 8) | octet(message, at + 1);
      if (end === -1) end = at + 2;
      if (target >= limit) throw malformed('a name points forwards');
      limit = target;
      at = target;
      continue;
    }
    if (head > MAX_LABEL) throw malformed('a label of an unknown kind');
    length += head + 1;
    if (length > MAX_NAME || at + 1 + head > message.length) throw malformed('a name is too long');
    labels.push(labelText(message.subarray(at + 1, at + 1 + head)));
    at += head + 1;
  }
}

/** Whether a name is the other one or below it; both as decodeName gives them. */
export function isWithin(name: string, zone: string): boolean {
  return zone === '' || name === zone || name.endsWith(`.${zone}`);
}

function labelText(octets: Uint8Array): string {
  return Array.from(octets, (code) => {
    const char = String.fromCharCode(code).toLowerCase();
    return code > 0x20 && code < 0x7f && char !== '.' && char !== '\\' ? char : `\\${String(code).padStart(3, '0')}`;
  }).join('');
}

function octet(message: Uint8Array, at: number): number {
  const value = message[at];
  if (value === undefined) throw malformed('it ends within a name');
  return value;
}

/** DNS_QUERY_FAILED for octets that are not a DNS message. */
export function malformed(problem: string): EverbindError {
  return new EverbindError('DNS_QUERY_FAILED', `unusable DNS message: ${problem}`, { reason: 'malformed', problem });
}
