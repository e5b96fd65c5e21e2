import { EverbindError } from '../errors/error.ts';
import type { CheckpointSigner } from '../ports/checkpoint-signer.ts';
import { openNote, signNote, type Verifier } from './note.ts';

/** The state of a log (C2SP tlog-checkpoint). */
export interface Checkpoint {
  readonly origin: string;
  /** Number of leaves. */
  readonly size: number;
  /** Merkle tree hash of these leaves, 32 octets. */
  readonly root: Buffer;
}

/** Makes a checkpoint and signs it with the log's key. Its origin is the name of the key. */
export function signCheckpoint(size: number, root: Uint8Array, signer: CheckpointSigner): string {
  return signNote(checkpointText({ origin: signer.name, size, root: Buffer.from(root) }), signer);
}

/**
 * Reads a checkpoint of this log, and ignores extension lines and other signatures. Throws AUDIT_NOTE_MALFORMED or
 * AUDIT_CHECKPOINT_FORGED.
 */
export function openCheckpoint(note: string | Uint8Array, verifier: Verifier): Checkpoint {
  const lines = openNote(note, verifier).split('\n').slice(0, -1);
  const [origin = '', size = '', root = ''] = lines;
  const checkpoint = { origin, size: Number(size), root: Buffer.from(root, 'base64') };
  const valid =
    origin === verifier.name &&
    checkpoint.root.length === 32 &&
    Number.isSafeInteger(checkpoint.size) &&
    checkpoint.size >= 0 &&
    // It must be in the one form that we write: no leading zeros, no other base64.
    checkpointText(checkpoint) === `${lines.slice(0, 3).join('\n')}\n` &&
    lines.every((line) => line !== '');
  if (!valid) throw new EverbindError('AUDIT_NOTE_MALFORMED', 'the signed note is no checkpoint of this log');
  return checkpoint;
}

/** The signed part of a checkpoint without extensions. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}
