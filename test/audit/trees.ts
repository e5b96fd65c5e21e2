import { createHash } from 'node:crypto';
import { leafHash } from '../../src/audit/merkle.ts';
import type { LeafHashes } from '../../src/audit/subtrees.ts';

/** Leaf hashes 0 to size - 1. */
export function leaves(size: number): Buffer[] {
  return Array.from({ length: size }, (_, index) => leafHash(`leaf ${index}`));
}

export function source(hashes: readonly Buffer[]): LeafHashes {
  return ({ start, end }) => hashes.slice(start, end);
}

/** Merkle tree hash straight from the definition (RFC 6962 section 2.1), nothing shared with the code under test. */
export function naiveRoot(hashes: readonly Buffer[]): Buffer {
  const [only] = hashes;
  if (only === undefined) return createHash('sha256').digest();
  if (hashes.length === 1) return only;
  let half = 1;
  while (half * 2 < hashes.length) half *= 2;
  return createHash('sha256')
    .update(Buffer.from([1]))
    .update(naiveRoot(hashes.slice(0, half)))
    .update(naiveRoot(hashes.slice(half)))
    .digest();
}

/** Every way to damage a list of hashes a little: a bit, one less, one more, two exchanged. */
export function* damaged(hashes: readonly Buffer[], extra: Buffer): Iterable<Buffer[]> {
  for (const [index, hash] of hashes.entries()) {
    const changed = Buffer.from(hash);
    changed[index % 32] = (changed[index % 32] ?? 0) ^ (1 << (index % 8));
    yield hashes.with(index, changed);
    yield hashes.toSpliced(index, 1);
    yield hashes.with(index, hash.subarray(0, 31));
    const next = hashes[index + 1];
    if (next !== undefined && !next.equals(hash)) yield hashes.with(index, next).with(index + 1, hash);
  }
  yield [...hashes, extra];
  yield [extra, ...hashes];
}
