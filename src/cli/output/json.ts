import type { Io } from '../io.ts';

/** Writes a value as JSON, in the form of jsonText, and a newline. */
export function sayJson(io: Pick<Io, 'out'>, value: unknown, indent = 0): void {
  io.out(`${jsonText(value, indent)}\n`);
}

/**
 * A value as JSON. Also escapes characters that JSON allows but a terminal may obey or that change how a line reads
 * (DEL, C1, direction marks): a CA or the name of a site may have them. Any parser reads the same value.
 */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
