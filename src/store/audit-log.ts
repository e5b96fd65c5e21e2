import type { DatabaseSync } from 'node:sqlite';
import { type Checkpoint, openCheckpoint, signCheckpoint } from '../audit/checkpoint.ts';
import { type AuditEvent, encodeEvent } from '../audit/event.ts';
import { append, type CompactRange, EMPTY_RANGE, leafHash, rangeRoot } from '../audit/merkle.ts';
import { createVerifier, type Verifier } from '../audit/note.ts';
import { EverbindError } from '../errors/error.ts';
import type { CheckpointSigner } from '../ports/checkpoint-signer.ts';
import { integer, octets, text } from './row.ts';
import { statement } from './statements.ts';

/** Appends events inside the transactions of a store. */
export interface AuditAppender {
  /** The start of a transaction: another process may have written since the last. */
  begin(): void;
  /** The range so far, to go back to when a savepoint is rolled back. */
  mark(): CompactRange;
  rewind(range: CompactRange): void;
  /**
   * Throws AUDIT_TREE_CHANGED, AUDIT_NOTE_MALFORMED or AUDIT_CHECKPOINT_FORGED when the stored tree is not the one that
   * was signed last.
   */
  add(event: AuditEvent, time: number, signer: CheckpointSigner): void;
  /** When events were added, writes range and checkpoint and returns the checkpoint; otherwise null. */
  finish(signer: CheckpointSigner): string | null;
  /** The transaction was committed. */
  committed(): void;
  /** Whether the log continues this checkpoint. When not, the database was put back, cut short or exchanged. */
  continues(checkpoint: string, signer: CheckpointSigner): boolean;
}

export function createAuditAppender(db: DatabaseSync): AuditAppender {
  let stored: CompactRange = EMPTY_RANGE;
  let range: CompactRange = EMPTY_RANGE;
  // The range that this process signed or checked last.
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
      const content = encodeEvent(event, { seq: range.size, commit: stored.size, time });
      const hash = leafHash(content);
      statement(db, 'INSERT INTO audit_event (seq, event, leaf_hash) VALUES (?, ?, ?)').run(range.size, content, hash);
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
    continues: (checkpoint, signer) => {
      const verifier = createVerifier(signer.name, signer.publicKey);
      const known = openOrNull(checkpoint, verifier);
      if (known === null) return false;
      const row = statement(db, 'SELECT note FROM audit_checkpoint WHERE size = ?').get(known.size);
      return openOrNull(String(row?.['note']), verifier)?.root.equals(known.root) === true;
    },
  };
}

function openOrNull(note: string, verifier: Verifier): Checkpoint | null {
  try {
    return openCheckpoint(note, verifier);
  } catch {
    return null;
  }
}

/**
 * Deletes every event and checkpoint from a copy of a database, so that a new log begins there. Removes the triggers
 * that let the log only grow: without them SQLite empties a table at once, however long it is. Call it in a
 * transaction.
 */
export function emptyLog(db: DatabaseSync): void {
  db.exec(`DROP TRIGGER audit_event_kept; DROP TRIGGER audit_checkpoint_kept;
    DELETE FROM audit_event; DELETE FROM audit_checkpoint; UPDATE audit_range SET size = 0, hashes = x''`);
}

/** The stored state of the tree. When there is none, its size is one that no checkpoint has. */
function readRange(db: DatabaseSync): CompactRange {
  const row = statement(db, 'SELECT min(size, 9007199254740991) AS size, hashes FROM audit_range WHERE id = 1').get();
  if (row === undefined) return { size: -1, hashes: [] };
  const all = Buffer.from(octets(row, 'hashes'));
  const hashes = Array.from({ length: all.length / 32 }, (_, index) => all.subarray(index * 32, index * 32 + 32));
  return { size: integer(row, 'size'), hashes };
}

/**
 * The log must never sign a tree that does not continue the one it signed before. Without this check, the next commit
 * would sign the forgery of whoever changed events, range and checkpoints in the database.
 */
function checkAgainstLastCheckpoint(db: DatabaseSync, range: CompactRange, signer: CheckpointSigner): void {
  const row = statement(db, 'SELECT note FROM audit_checkpoint ORDER BY size DESC LIMIT 1').get();
  const last =
    row === undefined
      ? { size: 0, root: rangeRoot(EMPTY_RANGE) }
      : openCheckpoint(text(row, 'note'), createVerifier(signer.name, signer.publicKey));
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
