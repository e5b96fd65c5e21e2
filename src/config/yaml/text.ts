import { isUtf8 } from 'node:buffer';
import type { ConfigProblem } from '../config-problem.ts';

/** Decodes the file: UTF-8 with or without a byte order mark. Anything else is a problem at the first wrong line. */
export function decodeText(octets: Uint8Array): { readonly text: string } | { readonly problem: ConfigProblem } {
  if (isUtf8(octets)) return { text: new TextDecoder().decode(octets) };
  const line = firstWrongLine(octets);
  const found = isUtf16(octets) ? 'UTF-16 text' : 'octets that are not UTF-8';
  return {
    problem: { line, column: 1, path: '', found, expected: 'a file saved as UTF-8', suggestion: null },
  };
}

function firstWrongLine(octets: Uint8Array): number {
  let start = 0;
  for (let line = 1; ; line += 1) {
    const end = octets.indexOf(0x0a, start);
    if (end === -1 || !isUtf8(octets.subarray(start, end))) return line;
    start = end + 1;
  }
}

function isUtf16(octets: Uint8Array): boolean {
  const mark = ((octets[0] ?? 0) << 8) | (octets[1] ?? 0);
  return mark === 0xfffe || mark === 0xfeff;
}
