import type { ErrorEntry } from './entry.ts';
import { type FailureFacts, type FailureMeaning, USUAL_MEANING } from './failure.ts';
import { ERRORS, type ErrorCode } from './table.ts';

/** Facts of one failure, for programs and logs. Never a secret, never key material. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** Every failure that we understand. Branch on `code` and `facts`, never on `message` or `details`. */
export class EverbindError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly facts: FailureFacts;

  constructor(
    code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
    { facts = {}, ...options }: { readonly cause?: unknown; readonly facts?: FailureFacts } = {},
  ) {
    super(message, options);
    this.name = 'EverbindError';
    this.code = code;
    this.details = details;
    const { reason } = details;
    this.facts = typeof reason === 'string' ? { reason, ...facts } : facts;
  }

  /** What the operator can do about it. */
  get action(): string {
    return ERRORS[this.code].action;
  }

  /** Exit status of a command that ends with this error. */
  get exitStatus(): number {
    return ERRORS[this.code].exit;
  }
}

/** A failed native call of Windows. */
export class WindowsError extends EverbindError {
  /** The function of Windows that failed. */
  readonly call: string;
  /** Win32 code, HRESULT or NTSTATUS as an unsigned number. */
  readonly status: number;

  constructor(call: string, status: number, details: ErrorDetails = {}) {
    super('WIN_CALL_FAILED', `${call} failed with status ${status} (0x${status.toString(16)})`, {
      call,
      status,
      ...details,
    });
    this.name = 'WindowsError';
    this.call = call;
    this.status = status;
  }
}

/** The code of an EverbindError, or INTERNAL for anything else. */
export function errorCode(error: unknown): ErrorCode {
  return error instanceof EverbindError ? error.code : 'INTERNAL';
}

/**
 * Anything thrown, as an error with a code: what has none is a defect and becomes INTERNAL, with what was thrown as its
 * cause.
 */
export function asEverbindError(error: unknown): EverbindError {
  if (error instanceof EverbindError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new EverbindError('INTERNAL', message, {}, { cause: error });
}

/** What a failure means to whoever tries again. Whatever has no code is a defect, and means what INTERNAL means. */
export function meaningOf(error: unknown): FailureMeaning {
  if (!(error instanceof EverbindError)) return USUAL_MEANING;
  const { meaning }: ErrorEntry = ERRORS[error.code];
  return { ...USUAL_MEANING, ...meaning, ...error.facts.meaning };
}

/** How long the other side asked to wait, milliseconds; null: it did not. */
export function retryAfterOf(error: unknown): number | null {
  return error instanceof EverbindError ? (error.facts.retryAfterMs ?? null) : null;
}
