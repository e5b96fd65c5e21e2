import type { DatabaseSync } from 'node:sqlite';
import { type Checkpoint, openCheckpoint } from '../audit/checkpoint.ts';
import { createVerifier, type Verifier } from '../audit/note.ts';
import type { CheckpointSigner } from '../ports/checkpoint-signer.ts';
import { statement } from './statements.ts';

/**
 * Whether the log in the database is no continuation of the pinned checkpoint: the database was put back, cut short or
 * exchanged.
 */
export function conflictsWithPin(db: DatabaseSync, pinned: string, signer: CheckpointSigner): boolean {
  const verifier = createVerifier(signer.name, signer.publicKey);
  const pin = openOrNull(pinned, verifier);
  if (pin === null) return true;
  const row = statement(db, 'SELECT note FROM audit_checkpoint WHERE size = ?').get(pin.size);
  const stored = row === undefined ? null : openOrNull(row['note'] as string, verifier);
  return stored === null || !stored.root.equals(pin.root);
}

function openOrNull(note: string, verifier: Verifier): Checkpoint | null {
  try {
    return openCheckpoint(note, verifier);
  } catch {
    return null;
  }
}
