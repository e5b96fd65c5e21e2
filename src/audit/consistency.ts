import { EMPTY_RANGE, nodeHash, rangeRoot } from './merkle.ts';
import { type LeafHashes, split, type Subtree, subtreeHash } from './subtrees.ts';

/**
 * Makes a proof that the tree of the first `size` leaves continues that of the first `earlier` (RFC 6962 section
 * 2.1.2).
 */
export function consistencyProof(earlier: number, size: number, leafHashes: LeafHashes): Buffer[] {
  if (!(earlier > 0 && earlier <= size)) throw new RangeError(`no proof from ${earlier} leaves to ${size}`);
  const parts: Subtree[] = [];
  let tree: Subtree = { start: 0, end: size };
  while (tree.end !== earlier) {
    const { left, right } = split(tree);
    const isLeft = earlier <= left.end;
    parts.push(isLeft ? right : left);
    tree = isLeft ? left : right;
  }
  // The verifier knows the root of the earlier tree.
  if (tree.start > 0) parts.push(tree);
  return parts.reverse().map((part) => subtreeHash(part, leafHashes));
}

/**
 * Whether the proof shows that the tree of `size` leaves continues the earlier one. False for an empty earlier tree, of
 * which nothing can be shown.
 */
export function verifyConsistency(
  earlier: number,
  size: number,
  proof: readonly Uint8Array[],
  earlierRoot: Uint8Array,
  root: Uint8Array,
): boolean {
  return earlier > 0 && verifySubtree({ start: 0, end: earlier }, size, proof, earlierRoot, root);
}

/**
 * Whether the proof shows that a subtree is part of the tree of `size` leaves: RFC 9162 section 2.1.4.2, in the general
 * form of draft-ietf-plants-merkle-tree-certs. A subtree starts at a multiple of its size rounded up to a power of two;
 * an empty one is part of every tree.
 */
export function verifySubtree(
  subtree: Subtree,
  size: number,
  proof: readonly Uint8Array[],
  subtreeRoot: Uint8Array,
  root: Uint8Array,
): boolean {
  if (!isSubtree(subtree, size) || proof.some((hash) => hash.length !== 32)) return false;
  if (subtree.start === subtree.end) return proof.length === 0 && rangeRoot(EMPTY_RANGE).equals(subtreeRoot);
  let first = subtree.start;
  let end = subtree.end - 1;
  let last = size - 1;
  const up = (): void => {
    first = Math.floor(first / 2);
    end = Math.floor(end / 2);
    last = Math.floor(last / 2);
  };
  // Up to the largest full subtree at the right edge of the earlier tree: the proof starts with its hash.
  while (first !== end && (end === last || end % 2 === 1)) up();
  const rest = [...proof];
  const seed = first === end ? subtreeRoot : rest.shift();
  if (seed === undefined) return false;
  let earlierHash = seed;
  let hash = seed;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (end % 2 === 1 || end === last) {
      if (first < end) earlierHash = nodeHash(sibling, earlierHash);
      hash = nodeHash(sibling, hash);
      while (end % 2 === 0 && end !== 0) up();
    } else {
      hash = nodeHash(hash, sibling);
    }
    up();
  }
  return last === 0 && Buffer.compare(earlierHash, subtreeRoot) === 0 && Buffer.compare(hash, root) === 0;
}

function isSubtree({ start, end }: Subtree, size: number): boolean {
  if (![start, end, size].every(Number.isSafeInteger) || start < 0 || start > end || end > size) return false;
  let width = 1;
  while (width < end - start) width *= 2;
  return start % width === 0;
}
