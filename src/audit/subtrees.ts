import { append, type CompactRange, EMPTY_RANGE, rangeRoot } from './merkle.ts';

/** The leaves from `start` to `end`, which is not one of them. */
export interface Subtree {
  readonly start: number;
  readonly end: number;
}

/** Leaf hashes of a subtree in order, 32 octets each. */
export type LeafHashes = (subtree: Subtree) => Iterable<Uint8Array>;

/** The hash of a subtree, worked out from its leaves in O(log n) memory. */
export function subtreeHash(subtree: Subtree, leafHashes: LeafHashes): Buffer {
  let range: CompactRange = EMPTY_RANGE;
  for (const hash of leafHashes(subtree)) range = append(range, Buffer.from(hash));
  return rangeRoot(range);
}

/**
 * Splits a subtree of two leaves or more where RFC 6962 section 2.1 does: at the largest power of two below its size.
 */
export function split({ start, end }: Subtree): { readonly left: Subtree; readonly right: Subtree } {
  let half = 1;
  while (half * 2 < end - start) half *= 2;
  return { left: { start, end: start + half }, right: { start: start + half, end } };
}
