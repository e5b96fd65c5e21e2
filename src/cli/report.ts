import { EverbindError } from '../errors/error.ts';
import type { ErrorCode } from '../errors/table.ts';
import type { Io } from './io.ts';
import { painter, printable, wrap } from './output/text.ts';

/** The form of an error for programs, with --json. */
export interface ErrorReport {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly action: string;
    readonly details: Readonly<Record<string, unknown>>;
  };
}

/** The JSON form of a failure. */
export function errorReport(error: EverbindError): ErrorReport {
  return { error: { code: error.code, message: error.message, action: error.action, details: error.details } };
}

/** Prints a failure for a person: what happened, the code, what to do, and for a defect the stack. */
export function printError(io: Io, error: EverbindError): void {
  const paint = painter(io.colour);
  const lines = error.message.split('\n').flatMap((line) => wrap(printable(line), io.columns - 2));
  io.err(`${paint('red', 'Error')} ${paint('dim', `[${error.code}]`)}\n`);
  for (const line of lines) io.err(`  ${line}\n`);
  for (const line of wrap(error.action, io.columns - 2)) io.err(`  ${paint('cyan', line)}\n`);
  if (error.code === 'INTERNAL' && error.cause instanceof Error && error.cause.stack !== undefined) {
    io.err(`${printable(error.cause.stack).replaceAll('\\u{a}', '\n')}\n`);
  }
}
