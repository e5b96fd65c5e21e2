/** Input and output of a command. Tests pass buffers; the product passes the process's streams. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** Resolves when the reader of standard output has caught up or is gone. */
  drained(): Promise<void>;
  /** Whether a person watches standard error; only then progress is shown. */
  readonly interactive: boolean;
  /** Whether colours may be used on standard output: it is a terminal, and NO_COLOR is not set. */
  readonly colour: boolean;
  /** Columns of the terminal; 80 when there is none. */
  readonly columns: number;
  /** Reads all of standard input as text, at most `maxBytes`. */
  readInput(maxBytes: number): Promise<string>;
  /** Asks a question and returns one line; null when nobody can answer. `hidden` does not echo the input. */
  ask(question: string, options?: { readonly hidden?: boolean }): Promise<string | null>;
}
