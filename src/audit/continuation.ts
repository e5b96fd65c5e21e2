import { EverbindError } from '../errors/error.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { consistencyProof, verifyConsistency } from './consistency.ts';
import type { Verifier } from './note.ts';
import type { LeafHashes } from './subtrees.ts';

/** The most hash lines that C2SP tlog-witness allows. */
const MOST_HASHES = 63;

/**
 * Makes a proof that a log continues an earlier checkpoint, which can be checked without the log: the body of an
 * add-checkpoint request of C2SP tlog-witness. Throws AUDIT_CHECKPOINT_INCONSISTENT when the log does not continue it,
 * AUDIT_TRUNCATED when the log is shorter, and what openCheckpoint throws.
 */
export function makeContinuation(
  earlier: string | Uint8Array,
  checkpoint: string,
  verifier: Verifier,
  leafHashes: LeafHashes,
): string {
  const from = openCheckpoint(earlier, verifier);
  const to = openCheckpoint(checkpoint, verifier);
  const hashes = from.size === 0 || from.size > to.size ? [] : consistencyProof(from.size, to.size, leafHashes);
  requireContinuation(from, to, hashes);
  return [`old ${from.size}`, ...hashes.map((hash) => hash.toString('base64')), '', checkpoint].join('\n');
}

/**
 * Checks such a proof, from any source, against the earlier checkpoint. Returns the later checkpoint. Throws what
 * makeContinuation throws, and AUDIT_PROOF_INVALID.
 */
export function checkContinuation(text: string, earlier: string | Uint8Array, verifier: Verifier): Checkpoint {
  const from = openCheckpoint(earlier, verifier);
  const end = text.indexOf('\n\n');
  const [old = '', ...lines] = text.slice(0, Math.max(0, end)).split('\n');
  const hashes = lines.map((line) => Buffer.from(line, 'base64'));
  const canonical = hashes.every((hash, index) => hash.length === 32 && hash.toString('base64') === lines[index]);
  if (end < 0 || old !== `old ${from.size}` || lines.length > MOST_HASHES || !canonical) {
    throw new EverbindError('AUDIT_PROOF_INVALID', 'this is no proof from the checkpoint that was saved');
  }
  const to = openCheckpoint(text.slice(end + 2), verifier);
  requireContinuation(from, to, hashes);
  return to;
}

function requireContinuation(from: Checkpoint, to: Checkpoint, hashes: readonly Buffer[]): void {
  const facts = { saved: from.size, size: to.size };
  if (to.size < from.size) {
    throw new EverbindError('AUDIT_TRUNCATED', `${from.size} events were saved, only ${to.size} are there`, facts);
  }
  // Every log continues the empty one; the proof is empty then (C2SP tlog-witness).
  const holds =
    from.size === 0 ? hashes.length === 0 : verifyConsistency(from.size, to.size, hashes, from.root, to.root);
  if (holds) return;
  const message = `the log of ${to.size} events does not continue the ${from.size} that were saved`;
  throw new EverbindError('AUDIT_CHECKPOINT_INCONSISTENT', message, facts);
}
