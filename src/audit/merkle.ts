import { hash as digest } from 'node:crypto';

/** SHA-256 of a leaf (RFC 6962 section 2.1). */
export function leafHash(leaf: Uint8Array | string): Buffer {
  return sha256([LEAF, typeof leaf === 'string' ? Buffer.from(leaf) : leaf]);
}

/** SHA-256 of an inner node (RFC 6962 section 2.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return sha256([NODE, left, right]);
}

/**
 * The roots of the full subtrees that make up the first `size` leaves, the largest first: all that appending needs.
 * Immutable, so that the earlier value is still there after a transaction that failed.
 */
export interface CompactRange {
  readonly size: number;
  readonly hashes: readonly Buffer[];
}

/** No leaves. */
export const EMPTY_RANGE: CompactRange = { size: 0, hashes: [] };

/** The range with one more leaf, in O(log n). */
export function append(range: CompactRange, hash: Buffer): CompactRange {
  const hashes = [...range.hashes];
  let node = hash;
  for (let size = range.size; size % 2 === 1; size = (size - 1) / 2) {
    const left = hashes.pop();
    if (left === undefined) throw new Error('compact range does not match its size');
    node = nodeHash(left, node);
  }
  hashes.push(node);
  return { size: range.size + 1, hashes };
}

/** Merkle tree hash of the leaves of a range; the hash of nothing for an empty one. */
export function rangeRoot(range: CompactRange): Buffer {
  const [last, ...rest] = range.hashes.toReversed();
  if (last === undefined) return sha256([]);
  return rest.reduce((right, left) => nodeHash(left, right), last);
}

/** In one call, since a hash object for each node would take twice as long. */
function sha256(parts: readonly Uint8Array[]): Buffer {
  return digest('sha256', Buffer.concat(parts), 'buffer');
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
