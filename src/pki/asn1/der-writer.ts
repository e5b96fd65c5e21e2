import { TAG } from './der.ts';

/** Makes one DER element of a tag and the octets inside it. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = lengthOctets(length);
  const out = new Uint8Array(1 + head.length + length);
  out[0] = tag;
  out.set(head, 1);
  let offset = 1 + head.length;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** SEQUENCE of encoded elements. */
export function sequence(...elements: readonly Uint8Array[]): Uint8Array {
  return der(TAG.sequence, ...elements);
}

/** INTEGER of an unsigned number in big-endian octets, leading zeros allowed. */
export function unsignedInteger(octets: Uint8Array): Uint8Array {
  let start = 0;
  while (start < octets.length - 1 && octets[start] === 0) start += 1;
  const magnitude = octets.length === 0 ? Uint8Array.of(0) : octets.subarray(start);
  return (magnitude[0] ?? 0) >= 0x80 ? der(TAG.integer, Uint8Array.of(0), magnitude) : der(TAG.integer, magnitude);
}

/** OBJECT IDENTIFIER of its dotted text. */
export function oid(text: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return der(TAG.oid, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
}

/** BIT STRING of whole octets. */
export function bitString(octets: Uint8Array): Uint8Array {
  return der(TAG.bitString, Uint8Array.of(0), octets);
}

/** OCTET STRING. */
export function octetString(octets: Uint8Array): Uint8Array {
  return der(TAG.octetString, octets);
}

/** BOOLEAN. */
export function boolean(value: boolean): Uint8Array {
  return der(TAG.boolean, Uint8Array.of(value ? 0xff : 0x00));
}

/** NULL. */
export function nothing(): Uint8Array {
  return der(TAG.null);
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}

function base128(arc: number): number[] {
  const octets = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift(0x80 | (rest % 128));
  return octets;
}
