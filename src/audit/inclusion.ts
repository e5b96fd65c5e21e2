import { nodeHash } from './merkle.ts';
import { type LeafHashes, split, type Subtree, subtreeHash } from './subtrees.ts';

/** The audit path of a leaf in the tree of the first `size` leaves, from the leaf up (RFC 6962 section 2.1.1). */
export function inclusionPath(index: number, size: number, leafHashes: LeafHashes): Buffer[] {
  if (!(index >= 0 && index < size)) throw new RangeError(`there is no leaf ${index} among ${size}`);
  const siblings: Subtree[] = [];
  let tree: Subtree = { start: 0, end: size };
  while (tree.end - tree.start > 1) {
    const { left, right } = split(tree);
    const isLeft = index < left.end;
    siblings.push(isLeft ? right : left);
    tree = isLeft ? left : right;
  }
  return siblings.reverse().map((sibling) => subtreeHash(sibling, leafHashes));
}

/** The root that the path leads to, or null when it cannot belong to this index and size (RFC 9162 section 2.1.3.2). */
export function rootOfInclusion(
  index: number,
  size: number,
  leaf: Uint8Array,
  path: readonly Uint8Array[],
): Uint8Array | null {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return null;
  let node = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0 || sibling.length !== 32) return null;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : null;
}

/** Whether the path shows that the leaf with this hash is number `index` of the tree with this size and root. */
export function verifyInclusion(
  index: number,
  size: number,
  leaf: Uint8Array,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  const found = leaf.length === 32 ? rootOfInclusion(index, size, leaf, path) : null;
  return found !== null && Buffer.compare(found, root) === 0;
}
