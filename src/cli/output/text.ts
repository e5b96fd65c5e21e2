import { styleText } from 'node:util';
import type { Io } from '../io.ts';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Colours text, or returns it as it is. */
export type Paint = (style: Style, text: string) => string;

/** A painter for an output with colours or without. */
export function painter(colour: boolean): Paint {
  return (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
}

/** Nearly all text is like this: one column a character, nothing to escape. */
const PLAIN = /^[ -~]*$/;

/**
 * Makes text from outside (site names, CA messages) safe for a terminal. Control characters become visible escapes,
 * among them the escape that starts a terminal command and the marks that reverse the writing direction.
 */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}

/**
 * Columns that the text takes on a terminal: two for wide East Asian characters and emoji, none for combining marks.
 */
export function width(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let columns = 0;
  for (const character of text) {
    if (/\p{Mn}|\p{Me}/u.test(character)) continue;
    columns += isWide(character.codePointAt(0) ?? 0) ? 2 : 1;
  }
  return columns;
}

function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff)
  );
}

/** Cuts text to at most `columns` columns, with an ellipsis where something is missing. */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  let kept = '';
  for (const character of text) {
    if (width(kept + character) > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Breaks text at spaces into lines of at most `columns` columns. A longer word is broken where necessary. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((part) => pieces(part, columns))) {
    if (line !== '' && width(line) + 1 + width(word) > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines;
}

function pieces(word: string, columns: number): string[] {
  const result: string[] = [];
  let piece = '';
  for (const character of word) {
    if (width(piece + character) > columns) {
      result.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...result, piece];
}

/** `1 site`, `2 sites`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Writes text from outside after a label, safe for a terminal and wrapped. Further lines are indented by `indent`. */
export function sayWrapped(io: Pick<Io, 'out' | 'columns'>, label: string, text: string, indent: number): void {
  const [first = '', ...rest] = wrap(printable(text), io.columns - indent);
  io.out(`${label}${first}\n`);
  for (const line of rest) io.out(`${' '.repeat(indent)}${line}\n`);
}

/** Characters to gather before a write, so that a long list is not one write a line. */
const CHUNK = 32_768;

/** Writes a long output in pieces, no faster than it is read. */
export async function outAll(io: Pick<Io, 'out' | 'drained'>, pieces: Iterable<string>): Promise<void> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < CHUNK) continue;
    io.out(text);
    text = '';
    await io.drained();
  }
  if (text !== '') io.out(text);
}
