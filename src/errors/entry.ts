import type { FailureMeaning } from './failure.ts';

/**
 * Exit statuses: 0 done; 1 the work failed; 2 wrong usage or configuration; 3 some certificates failed, others did not;
 * 4 another Everbind is at work; 5 this machine or its rights do not allow it; 6 the audit log does not verify; 70 a
 * defect in Everbind; 130 interrupted.
 */
export type ExitStatus = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 70 | 130;

export interface ErrorEntry {
  readonly exit: ExitStatus;
  /** What happened, one sentence. */
  readonly summary: string;
  /** What to do, one or two sentences. */
  readonly action: string;
  /** What the failure means to the engine, as far as it is not USUAL_MEANING. */
  readonly meaning?: Partial<FailureMeaning>;
}

/** Keeps the codes of one room as literal types. */
export function entries<const T extends Record<string, ErrorEntry>>(table: T): T {
  return table;
}
