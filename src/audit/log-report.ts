import type { ErrorCode } from '../errors/table.ts';

/** One thing that is wrong with a log. */
export interface LogFinding {
  readonly code: Extract<ErrorCode, `AUDIT_${string}`>;
  /** Number of the first event that is or may be bad; null when a saved checkpoint itself is bad. */
  readonly first: number | null;
  /** Number of the last event that may be bad. */
  readonly last: number | null;
  readonly message: string;
}

export interface LogReport {
  readonly ok: boolean;
  /** Events in the log. */
  readonly size: number;
  /** Tree hash of the events, base64; null when events are missing or unknown. */
  readonly root: string | null;
  /** The newest valid checkpoint, or null. */
  readonly checkpoint: string | null;
  /** Saved checkpoints that the log continues. */
  readonly confirmed: readonly string[];
  /** By position, the first one first. */
  readonly findings: readonly LogFinding[];
  /** How many findings are not listed. */
  readonly more: number;
}

const MOST_FINDINGS = 100;

export interface LogFindings {
  add(code: LogFinding['code'], first: number | null, last: number | null, message: string): void;
  report(): Pick<LogReport, 'ok' | 'findings' | 'more'>;
}

/** Collects findings. The list is bounded, since one removed event moves all later ones. */
export function createFindings(): LogFindings {
  const findings: LogFinding[] = [];
  let more = 0;
  return {
    add: (code, first, last, message) => {
      if (findings.length < MOST_FINDINGS) findings.push({ code, first, last, message });
      else more += 1;
    },
    report: () => ({
      ok: findings.length === 0,
      findings: findings.toSorted((one, other) => (one.first ?? Infinity) - (other.first ?? Infinity) || 0),
      more,
    }),
  };
}
