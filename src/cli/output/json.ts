import type { Io } from '../io.ts';

/** Writes a value as JSON, as jsonText has it, and a newline. */
export function sayJson(io: Pick<Io, 'out'>, value: unknown, indent = 0): void {
  io.out(`${jsonText(value, indent)}\n`);
}

/**
 * A value as JSON. Characters that a terminal may obey or that change how a line reads (DEL, C1, direction marks), which JSON lets stand, are
 * escaped as well: what a CA or a site's name holds is data for whoever looks at it too. Any parser reads the same value.
 */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
