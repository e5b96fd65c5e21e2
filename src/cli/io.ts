/** Where a command writes. Tests pass buffers; the product passes the process's streams. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** Resolves when whoever reads standard output has kept up, or has gone. */
  drained(): Promise<void>;
  /** Whether a person watches standard error: progress is shown only then. */
  readonly interactive: boolean;
  /** Colours may be used on standard output (a terminal, and NO_COLOR is not set). */
  readonly colour: boolean;
  /** Columns of the terminal; 80 when there is none. */
  readonly columns: number;
  /** All of standard input as text, bounded to `maxBytes`. */
  readInput(maxBytes: number): Promise<string>;
  /** Asks a question and returns one line; null when nobody can answer. `hidden` does not echo what is typed. */
  ask(question: string, options?: { readonly hidden?: boolean }): Promise<string | null>;
}
