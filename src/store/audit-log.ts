import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { signCheckpoint } from '../audit/checkpoint.ts';
import { type AuditEvent, encodeEvent } from '../audit/event.ts';
import { append, type CompactRange, leafHash, rangeRoot } from '../audit/merkle.ts';
import type { CheckpointSigner } from '../ports/checkpoint-signer.ts';

/** Appends events inside the transactions of a store. Read the range at the start of each transaction: another process may have written. */
export interface AuditAppender {
  begin(): void;
  /** The range so far, to go back to when a savepoint is rolled back. */
  mark(): CompactRange;
  rewind(range: CompactRange): void;
  add(event: AuditEvent, time: number): void;
  /** Writes range and checkpoint when events were added; the new checkpoint, or null. */
  finish(signer: CheckpointSigner): string | null;
  /** Whether events were added since `begin`. */
  readonly pending: boolean;
}

export function createAuditAppender(db: DatabaseSync): AuditAppender {
  const statement = (sql: string): StatementSync => db.prepare(sql);
  const readRange = statement('SELECT size, hashes FROM audit_range WHERE id = 1');
  const writeRange = statement('UPDATE audit_range SET size = ?, hashes = ? WHERE id = 1');
  const insertEvent = statement('INSERT INTO audit_event (seq, event, leaf_hash) VALUES (?, ?, ?)');
  const insertCheckpoint = statement('INSERT INTO audit_checkpoint (size, note) VALUES (?, ?)');
  let start = 0;
  let range: CompactRange = { size: 0, hashes: [] };
  return {
    begin: () => {
      range = decodeRange(readRange.get() ?? {});
      start = range.size;
    },
    mark: () => range,
    rewind: (earlier) => {
      range = earlier;
    },
    add: (event, time) => {
      const text = encodeEvent(event, { seq: range.size, commit: start, time });
      const hash = leafHash(text);
      insertEvent.run(range.size, text, hash);
      range = append(range, hash);
    },
    finish: (signer) => {
      if (range.size === start) return null;
      const note = signCheckpoint(range.size, rangeRoot(range), signer);
      writeRange.run(range.size, Buffer.concat(range.hashes));
      insertCheckpoint.run(range.size, note);
      return note;
    },
    get pending() {
      return range.size !== start;
    },
  };
}

function decodeRange(row: Record<string, unknown>): CompactRange {
  const octets = Buffer.from(row['hashes'] as Uint8Array);
  const hashes = Array.from({ length: octets.length / 32 }, (_, index) => octets.subarray(index * 32, index * 32 + 32));
  return { size: row['size'] as number, hashes };
}
