import { EverbindError } from '../errors/error.ts';
import { type Checkpoint, checkpointText, openCheckpoint } from './checkpoint.ts';
import { decodeEvent } from './event.ts';
import { createFindings, type LogFinding, type LogReport } from './log-report.ts';
import { append, type CompactRange, EMPTY_RANGE, leafHash, rangeRoot } from './merkle.ts';
import type { Verifier } from './note.ts';
import { createSavedCheckpoints, type SavedCheckpoint } from './saved-checkpoints.ts';

/** A log as a database has it. Anybody may have written to that, so its rows may hold anything. */
export interface StoredLog {
  /** By `seq`; `event` as octets. */
  readonly events: Iterable<StoredEvent>;
  /** By `size`; `note` as octets. */
  readonly checkpoints: Iterable<{ readonly size?: unknown; readonly note?: unknown }>;
  /** The tree as far as appending needs it: hashes of the full subtrees, the largest first. */
  readonly range: { readonly size?: unknown; readonly hashes?: unknown } | null;
}

interface StoredEvent {
  readonly seq?: unknown;
  readonly event?: unknown;
  readonly leafHash?: unknown;
}

/**
 * Walks the whole log once and reports everything that is not as it was signed: events that were changed, removed,
 * inserted or moved, changed hashes, checkpoints that were forged, changed or removed, and a missing tail that a stored
 * or saved checkpoint covers. Only a saved checkpoint shows that the whole log was cut back to an earlier state.
 *
 * Each interval between two checkpoints is judged by itself. When the stored hashes lead to the signed root they are
 * genuine, and an event that does not fit its hash is named exactly. Otherwise the finding covers the interval.
 */
export function verifyLog(log: StoredLog, verifier: Verifier, saved: readonly SavedCheckpoint[] = []): LogReport {
  const findings = createFindings();
  const savedCheckpoints = createSavedCheckpoints(saved, verifier, findings);
  const checkpoints = log.checkpoints[Symbol.iterator]();
  let upcoming = checkpoints.next();
  let newest: string | null = null;
  /** Number that the next event must have. */
  let next = 0;
  /** The tree of the events, and the tree of their stored hashes; one object while the two agree. */
  let byEvents: CompactRange = EMPTY_RANGE;
  let byHashes: CompactRange = EMPTY_RANGE;
  /** Events since the last checkpoint whose stored hash is not theirs. */
  let suspects: number[] = [];
  /** First event that no valid checkpoint covers so far. */
  let uncovered = 0;
  /** Size of the last checkpoint, valid or not. */
  let lastCheckpoint = 0;
  /** First event of the present commit. */
  let commit = 0;
  /** An earlier event is missing or unknown, so that signed roots can no longer be compared. */
  let broken = false;

  function takeEvent(row: StoredEvent): void {
    const { seq, event: octets } = row;
    if (typeof seq !== 'number' || seq < next) {
      findings.add('AUDIT_EVENT_REORDERED', next, next, `an event has the number ${String(seq)} in place of ${next}`);
      broken = true;
      return;
    }
    if (seq > next) {
      findings.add('AUDIT_EVENT_MISSING', next, seq - 1, `events ${next} to ${seq - 1} are not there`);
      broken = true;
    }
    next = seq + 1;
    if (!(octets instanceof Uint8Array)) {
      findings.add('AUDIT_EVENT_CHANGED', seq, seq, `event ${seq} has no content`);
      broken = true;
      return;
    }
    const hash = leafHash(octets);
    const stored = row.leafHash instanceof Uint8Array ? Buffer.from(row.leafHash) : Buffer.alloc(0);
    const same = byEvents === byHashes && stored.equals(hash);
    byEvents = append(byEvents, hash);
    byHashes = same ? byEvents : append(byHashes, stored);
    // An event that does not fit its hash is named at the next checkpoint, and its content is ignored.
    if (stored.equals(hash)) takeContent(seq, octets);
    else suspects.push(seq);
  }

  function takeContent(seq: number, octets: Uint8Array): void {
    const text = Buffer.from(octets).toString('utf8');
    const event = Buffer.from(text).equals(octets) ? decodeEvent(text) : null;
    if (event === null) {
      findings.add('AUDIT_EVENT_CHANGED', seq, seq, `event ${seq} is not in canonical form`);
    } else if (event.seq !== seq) {
      findings.add('AUDIT_EVENT_REORDERED', seq, seq, `event ${seq} was written as event ${event.seq}`);
    } else if (event.commit === seq && commit !== seq) {
      const message = `the checkpoint after event ${seq - 1} is not there`;
      findings.add('AUDIT_CHECKPOINT_MISSING', seq - 1, seq - 1, message);
      commit = seq;
    } else if (event.commit !== commit) {
      const message = `event ${seq} was committed with event ${event.commit}, not with ${commit}`;
      findings.add('AUDIT_EVENT_REORDERED', seq, seq, message);
    }
  }

  function takeCheckpoint(note: unknown): void {
    lastCheckpoint = next;
    commit = next;
    const checkpoint = openStored(note, next);
    if (checkpoint === null) return;
    newest = Buffer.from(note as Uint8Array).toString('utf8');
    const genuine = broken ? null : [byEvents, byHashes].find((range) => checkpoint.root.equals(rangeRoot(range)));
    if (genuine === undefined) {
      const message = `events ${uncovered} to ${next - 1} are not those that were signed`;
      findings.add('AUDIT_EVENT_CHANGED', uncovered, next - 1, message);
      broken = true;
    } else {
      nameSuspects(genuine === byEvents && genuine !== byHashes ? 'AUDIT_HASH_CHANGED' : 'AUDIT_EVENT_CHANGED');
      byEvents = genuine ?? byEvents;
      byHashes = byEvents;
    }
    suspects = [];
    uncovered = next;
  }

  /** Returns null, and reports it, when the log did not sign exactly this note for this size. */
  function openStored(note: unknown, size: number): Checkpoint | null {
    const at = Math.max(0, size - 1);
    try {
      const stored = note instanceof Uint8Array ? note : Buffer.alloc(0);
      const checkpoint = openCheckpoint(stored, verifier);
      if (checkpoint.size === size && isBare(stored, checkpoint)) return checkpoint;
      const message = `the checkpoint after event ${at} is one of ${checkpoint.size} events, or was added to`;
      findings.add('AUDIT_CHECKPOINT_INCONSISTENT', at, at, message);
    } catch (error) {
      if (!(error instanceof EverbindError)) throw error;
      const message = `the checkpoint after event ${at} was not signed by the log`;
      findings.add('AUDIT_CHECKPOINT_FORGED', at, at, message);
    }
    return null;
  }

  function nameSuspects(code: LogFinding['code']): void {
    const what = code === 'AUDIT_HASH_CHANGED' ? 'the stored hash of the event' : 'the event';
    for (const seq of suspects) findings.add(code, seq, seq, `${what} ${seq} is not the one that was signed`);
  }

  function takeCheckpoints(): void {
    for (; upcoming.done !== true; upcoming = checkpoints.next()) {
      const { size, note } = upcoming.value;
      if (typeof size === 'number' && size > next) break;
      if (size === next) takeCheckpoint(note);
      else if (!broken) {
        const message = `a checkpoint stands at ${String(size)}, where no commit ended`;
        findings.add('AUDIT_CHECKPOINT_INCONSISTENT', Math.max(0, next - 1), Math.max(0, next - 1), message);
      }
    }
    // After the log's own checkpoint, which shows which of the two trees is genuine.
    if (!broken) savedCheckpoints.reached(byEvents);
  }

  function takeEnd(): void {
    nameSuspects('AUDIT_EVENT_CHANGED');
    let covered = 0;
    for (; upcoming.done !== true; upcoming = checkpoints.next()) {
      covered = openStored(upcoming.value.note, Number(upcoming.value.size))?.size ?? covered;
    }
    if (covered > next) {
      findings.add(
        'AUDIT_TRUNCATED',
        next,
        covered - 1,
        `a checkpoint covers ${covered} events, only ${next} are there`,
      );
    } else if (lastCheckpoint < next) {
      const message = `events ${lastCheckpoint} to ${next - 1} are covered by no checkpoint`;
      findings.add('AUDIT_EVENT_UNSIGNED', lastCheckpoint, next - 1, message);
    }
    if (!broken) savedCheckpoints.ended(next);
    if (!broken && !fits(log.range, byEvents)) {
      const message = 'the stored state of the tree is not that of its events';
      findings.add('AUDIT_TREE_CHANGED', next, next, message);
    }
  }

  takeCheckpoints();
  for (const row of log.events) {
    takeEvent(row);
    takeCheckpoints();
  }
  takeEnd();
  return {
    size: next,
    root: broken ? null : rangeRoot(byEvents).toString('base64'),
    checkpoint: newest,
    confirmed: savedCheckpoints.confirmed,
    ...findings.report(),
  };
}

/** Whether a stored checkpoint has only the log's own signature, in the one form that the log writes. */
function isBare(note: Uint8Array, checkpoint: Checkpoint): boolean {
  const text = Buffer.from(`${checkpointText(checkpoint)}\n`);
  const octets = Buffer.from(note);
  return octets.subarray(0, text.length).equals(text) && octets.indexOf('\n', text.length) === octets.length - 1;
}

function fits(stored: StoredLog['range'], range: CompactRange): boolean {
  return (
    stored?.size === range.size &&
    stored.hashes instanceof Uint8Array &&
    Buffer.concat(range.hashes).equals(stored.hashes)
  );
}
