import type { Io } from './io.ts';
import { cut, printable } from './output/text.ts';

/** One line on standard error that is rewritten as the work goes on; nothing when nobody watches. */
export interface Progress {
  show(text: string): void;
  /** Clears the line, so that other output starts clean. */
  done(): void;
}

export function createProgress(io: Io): Progress {
  if (!io.interactive) return { show: () => {}, done: () => {} };
  let shown = false;
  return {
    show: (text) => {
      shown = true;
      io.err(`\r\u001b[2K${cut(printable(text), io.columns - 1)}`);
    },
    done: () => {
      if (shown) io.err('\r\u001b[2K');
      shown = false;
    },
  };
}
