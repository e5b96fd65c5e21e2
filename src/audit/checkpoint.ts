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

/** A checkpoint signed by the log's key; its origin is the key's name. */
export function signCheckpoint(size: number, root: Uint8Array, signer: CheckpointSigner): string {
  return signNote(`${signer.name}\n${size}\n${Buffer.from(root).toString('base64')}\n`, signer);
}

/** Reads a checkpoint of this log. Throws AUDIT_NOTE_MALFORMED or AUDIT_CHECKPOINT_FORGED. */
export function openCheckpoint(note: string, verifier: Verifier): Checkpoint {
  const [origin = '', size = '', root = '', ...rest] = openNote(note, verifier).split('\n');
  const octets = Buffer.from(root, 'base64');
  const valid =
    origin === verifier.name &&
    /^(0|[1-9][0-9]{0,15})$/.test(size) &&
    Number.isSafeInteger(Number(size)) &&
    octets.length === 32 &&
    octets.toString('base64') === root &&
    rest.length >= 1 &&
    rest.slice(0, -1).every((line) => line !== '');
  if (!valid) throw new EverbindError('AUDIT_NOTE_MALFORMED', 'the signed note is no checkpoint of this log');
  return { origin, size: Number(size), root: octets };
}
