import type { Io } from '../../../src/cli/io.ts';

export interface Recorded {
  readonly io: Io;
  readonly out: () => string;
}

/** An Io that keeps what is written and answers no question. */
export function recorder(): Recorded {
  let text = '';
  const io: Io = {
    out: (part) => void (text += part),
    err: (part) => void (text += part),
    interactive: false,
    colour: false,
    columns: 80,
    drained: () => Promise.resolve(),
    readInput: () => Promise.resolve(''),
    ask: () => Promise.resolve(null),
  };
  return { io, out: () => text };
}

/** The demo's last line. */
export function lastLine(text: string): Readonly<Record<string, unknown>> {
  return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as Readonly<Record<string, unknown>>;
}

/**
 * Lines of the demo that are wider than 80 columns; its last line and the log's root, which is to be copied whole, may
 * be.
 */
export function wideLines(text: string): readonly string[] {
  const lines = text.trimEnd().split('\n').slice(0, -1);
  return lines.filter((line) => line.length > 80 && !/ root [A-Za-z0-9+/=]{44}/.test(line));
}
