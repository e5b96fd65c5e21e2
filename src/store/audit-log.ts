import type { DatabaseSync } from 'node:sqlite';
import { openCheckpoint, signCheckpoint } from '../audit/checkpoint.ts';
import { type AuditEvent, encodeEvent } from '../audit/event.ts';
import { append, type CompactRange, EMPTY_RANGE, leafHash, rangeRoot } from '../audit/merkle.ts';
import { createVerifier } from '../audit/note.ts';
import { EverbindError } from '../errors/error.ts';
import type { CheckpointSigner } from '../ports/checkpoint-signer.ts';
import { statement } from './statements.ts';

/** Appends events inside the transactions of a store. */
export interface AuditAppender {
  /** The start of a transaction: another process may have written since the last. */
  begin(): void;
  /** The range so far, to go back to when a savepoint is rolled back. */
  mark(): CompactRange;
  rewind(range: CompactRange): void;
  /**
   * Throws AUDIT_TREE_CHANGED, AUDIT_NOTE_MALFORMED, AUDIT_CHECKPOINT_FORGED when what is stored is not what was signed
   * last.
   */
  add(event: AuditEvent, time: number, signer: CheckpointSigner): void;
  /** Writes range and checkpoint when events were added; the new checkpoint, or null. */
  finish(signer: CheckpointSigner): string | null;
  /** The transaction is durable. */
  committed(): void;
  /** Whether events were added since `begin`. */
  readonly pending: boolean;
}

export function createAuditAppender(db: DatabaseSync): AuditAppender {
  let stored: CompactRange = EMPTY_RANGE;
  let range: CompactRange = EMPTY_RANGE;
  // What this process itself signed or checked last.
  let trusted: CompactRange | null = null;
  return {
    begin: () => {
      stored = readRange(db);
      range = stored;
    },
    mark: () => range,
    rewind: (earlier) => {
      range = earlier;
    },
    add: (event, time, signer) => {
      if (trusted === null || !sameRange(trusted, stored)) {
        checkAgainstLastCheckpoint(db, stored, signer);
        trusted = stored;
      }
      const text = encodeEvent(event, { seq: range.size, commit: stored.size, time });
      const hash = leafHash(text);
      statement(db, 'INSERT INTO audit_event (seq, event, leaf_hash) VALUES (?, ?, ?)').run(range.size, text, hash);
      range = append(range, hash);
    },
    finish: (signer) => {
      if (range.size === stored.size) return null;
      const note = signCheckpoint(range.size, rangeRoot(range), signer);
      statement(db, 'UPDATE audit_range SET size = ?, hashes = ? WHERE id = 1').run(
        range.size,
        Buffer.concat(range.hashes),
      );
      statement(db, 'INSERT INTO audit_checkpoint (size, note) VALUES (?, ?)').run(range.size, note);
      return note;
    },
    committed: () => {
      if (range.size > stored.size) trusted = range;
    },
    get pending() {
      return range.size !== stored.size;
    },
  };
}

/** The stored state of the tree. A malformed one has a size that no checkpoint fits. */
function readRange(db: DatabaseSync): CompactRange {
  const row = statement(db, 'SELECT min(size, 9007199254740991) AS size, hashes FROM audit_range WHERE id = 1').get();
  if (row === undefined) return { size: -1, hashes: [] };
  const octets = Buffer.from(row['hashes'] as Uint8Array);
  const hashes = Array.from({ length: octets.length / 32 }, (_, index) => octets.subarray(index * 32, index * 32 + 32));
  return { size: row['size'] as number, hashes };
}

/**
 * A log must never sign what does not continue what it signed before. Without this check, whoever changes events, range
 * and checkpoints in the database would have the next commit sign the forgery.
 */
function checkAgainstLastCheckpoint(db: DatabaseSync, range: CompactRange, signer: CheckpointSigner): void {
  const row = statement(db, 'SELECT note FROM audit_checkpoint ORDER BY size DESC LIMIT 1').get();
  const last =
    row === undefined
      ? { size: 0, root: rangeRoot(EMPTY_RANGE) }
      : openCheckpoint(row['note'] as string, createVerifier(signer.name, signer.publicKey));
  if (last.size !== range.size || !last.root.equals(rangeRoot(range))) {
    throw new EverbindError(
      'AUDIT_TREE_CHANGED',
      'the stored tree of the audit log is not the one that was signed last',
    );
  }
}

function sameRange(one: CompactRange, other: CompactRange): boolean {
  return one.size === other.size && Buffer.concat(one.hashes).equals(Buffer.concat(other.hashes));
}
