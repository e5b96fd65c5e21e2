import { errorCode } from '../errors/error.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import type { LogFindings } from './log-report.ts';
import { type CompactRange, rangeRoot } from './merkle.ts';
import type { Verifier } from './note.ts';

/** A checkpoint that was kept outside the log. The log must continue it. */
export interface SavedCheckpoint {
  /** Where it comes from, for messages. */
  readonly label: string;
  readonly note: string | Uint8Array;
}

/** Compares saved checkpoints with a log, while somebody walks the log from its start. */
export interface SavedCheckpoints {
  /** Call it for each size that the log has had, in turn and from 0. */
  reached(range: CompactRange): void;
  /** Call it at the end of the log, which has `size` events. */
  ended(size: number): void;
  /** Labels of the checkpoints that the log continues. */
  readonly confirmed: readonly string[];
}

export function createSavedCheckpoints(
  saved: readonly SavedCheckpoint[],
  verifier: Verifier,
  findings: LogFindings,
): SavedCheckpoints {
  const confirmed: string[] = [];
  const waiting = saved.flatMap(({ label, note }) => {
    const checkpoint = open(label, note);
    return checkpoint === null ? [] : [{ label, ...checkpoint }];
  });
  waiting.sort((one, other) => one.size - other.size);

  function open(label: string, note: string | Uint8Array): Checkpoint | null {
    try {
      return openCheckpoint(note, verifier);
    } catch (error) {
      const code = errorCode(error) === 'AUDIT_CHECKPOINT_FORGED' ? 'AUDIT_CHECKPOINT_FORGED' : 'AUDIT_NOTE_MALFORMED';
      findings.add(code, null, null, `${label} is no checkpoint of this log`);
      return null;
    }
  }

  return {
    reached: (range) => {
      for (let next = waiting[0]; next?.size === range.size; next = waiting[0]) {
        waiting.shift();
        if (next.root.equals(rangeRoot(range))) confirmed.push(next.label);
        else {
          const message = `the first ${next.size} events are not those that ${next.label} covers`;
          findings.add('AUDIT_CHECKPOINT_INCONSISTENT', 0, next.size - 1, message);
        }
      }
    },
    ended: (size) => {
      for (const { label, size: covered } of waiting) {
        if (covered <= size) continue;
        findings.add('AUDIT_TRUNCATED', size, covered - 1, `${label} covers ${covered} events, only ${size} are there`);
      }
    },
    confirmed,
  };
}
