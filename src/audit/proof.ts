import { EverbindError } from '../errors/error.ts';
import type { Json } from '../ports/deployment.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { decodeEvent, type LoggedEvent } from './event.ts';
import { inclusionPath, verifyInclusion } from './inclusion.ts';
import { leafHash } from './merkle.ts';
import { parseVerifier, type Verifier, verifierText } from './note.ts';
import type { LeafHashes } from './subtrees.ts';

const FORMAT = 'everbind-audit-proof/1';

/** The most octets of a proof as text: the largest event, escaped, and the rest. */
export const MOST_PROOF_OCTETS = 16 * 1024 * 1024;

/** Shows that an event is in the log, to somebody who does not have the log. Plain JSON. */
export interface EventProof {
  readonly format: typeof FORMAT;
  /** Canonical JSON of the event: the leaf, octet for octet. */
  readonly event: string;
  /** Number of the event, from 0. */
  readonly index: number;
  /** Audit path from the leaf up (RFC 6962 section 2.1.1), base64. */
  readonly path: readonly string[];
  /** C2SP tlog-checkpoint of the tree that the path leads to. */
  readonly checkpoint: string;
  /** C2SP verifier key of the log. */
  readonly verifier: string;
}

export interface CheckedProof {
  readonly event: LoggedEvent;
  readonly checkpoint: Checkpoint;
  /** The key that signed the checkpoint, in text form. */
  readonly verifier: string;
  /**
   * Whether the checker gave that key. A proof that brings its own key shows only that the owner of the key made it.
   */
  readonly keyGiven: boolean;
}

export interface ProofParts {
  readonly event: string;
  readonly index: number;
  /** Its tree must have the event. */
  readonly checkpoint: string;
  readonly verifier: Verifier;
  readonly leafHashes: LeafHashes;
}

/**
 * Makes the proof and checks it. Throws AUDIT_PROOF_INVALID when the stored log does not support it, and what
 * checkProof throws.
 */
export function makeProof({ event, index, checkpoint, verifier, leafHashes }: ProofParts): EventProof {
  const { size } = openCheckpoint(checkpoint, verifier);
  if (index >= size) throw invalid('the checkpoint does not cover the event');
  const path = inclusionPath(index, size, leafHashes).map((hash) => hash.toString('base64'));
  const proof: EventProof = { format: FORMAT, event, index, path, checkpoint, verifier: verifierText(verifier) };
  checkProof(proof, verifier);
  return proof;
}

/**
 * The proof in the form of C2SP tlog-proof, which other tools read. It does not contain its entry, the canonical JSON
 * of the event.
 */
export function tlogProof({ index, path, checkpoint }: EventProof): string {
  return ['c2sp.org/tlog-proof@v1', `index ${index}`, ...path, '', checkpoint].join('\n');
}

/**
 * Checks a proof from any source. `known` is the log's key as the checker knows it, or null. Throws
 * AUDIT_PROOF_INVALID, AUDIT_NOTE_MALFORMED, AUDIT_CHECKPOINT_FORGED, AUDIT_KEY_INVALID.
 */
export function checkProof(value: unknown, known: Verifier | null): CheckedProof {
  const { event: text, index, path, checkpoint: note, verifier: key } = readProof(value);
  const verifier = known ?? parseVerifier(key);
  if (verifierText(verifier) !== key) throw invalid('it is a proof of another log');
  const checkpoint = openCheckpoint(note, verifier);
  const hashes = path.map((hash) => Buffer.from(hash, 'base64'));
  if (!verifyInclusion(index, checkpoint.size, leafHash(text), hashes, checkpoint.root)) {
    throw invalid('the path does not lead from the event to the signed root');
  }
  const event = decodeEvent(text);
  if (event === null || event.seq !== index) throw invalid('what is in the log there is no event with this number');
  return { event, checkpoint, verifier: key, keyGiven: known !== null };
}

/** Reads the text of a proof. Throws AUDIT_PROOF_INVALID. */
export function parseProof(text: string): unknown {
  if (text.length > MOST_PROOF_OCTETS) throw invalid('it is too large');
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw invalid('it is no JSON');
  }
}

function readProof(value: unknown): EventProof {
  const proof = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const { format, event, index, path, checkpoint, verifier } = proof;
  const valid =
    format === FORMAT &&
    Object.keys(proof).length === 6 &&
    typeof event === 'string' &&
    typeof index === 'number' &&
    Array.isArray(path) &&
    path.length <= 64 &&
    path.every(isHash) &&
    typeof checkpoint === 'string' &&
    typeof verifier === 'string';
  if (!valid) throw invalid(`it is not of the form ${FORMAT}`);
  return { format, event, index, path, checkpoint, verifier };
}

function isHash(value: unknown): value is string {
  if (typeof value !== 'string' || value.length !== 44) return false;
  return Buffer.from(value, 'base64').toString('base64') === value;
}

function invalid(reason: string): EverbindError {
  return new EverbindError('AUDIT_PROOF_INVALID', `the proof does not hold: ${reason}`, { reason });
}
