import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { consistencyProof, verifyConsistency } from '../../src/audit/consistency.ts';
import { inclusionPath, verifyInclusion } from '../../src/audit/inclusion.ts';
import { append, type CompactRange, EMPTY_RANGE, leafHash, rangeRoot } from '../../src/audit/merkle.ts';
import { damaged, leaves, naiveRoot, source } from './trees.ts';

const MOST = 130;
const all = leaves(MOST);
const roots = Array.from({ length: MOST + 1 }, (_, size) => naiveRoot(all.slice(0, size)));
const other = leafHash('another leaf');
const size = fc.integer({ min: 1, max: MOST });

function root(count: number): Buffer {
  return roots[count] ?? Buffer.alloc(0);
}

function leaf(index: number): Buffer {
  return all[index] ?? Buffer.alloc(0);
}

describe('the compact range', () => {
  it('has the root of the whole tree at every size, in as many hashes as the size has bits', () => {
    let range: CompactRange = EMPTY_RANGE;
    assert.deepEqual(rangeRoot(range), root(0));
    for (const [index, hash] of all.entries()) {
      range = append(range, hash);
      assert.equal(range.size, index + 1);
      assert.deepEqual(rangeRoot(range), root(index + 1), `${index + 1}`);
      assert.equal(range.hashes.length, range.size.toString(2).replaceAll('0', '').length);
    }
  });

  it('leaves the earlier range as it was', () => {
    const one = append(EMPTY_RANGE, leaf(0));
    const two = append(one, leaf(1));
    assert.deepEqual(rangeRoot(one), root(1));
    assert.deepEqual(rangeRoot(append(one, leaf(1))), rangeRoot(two));
  });

  it('distinguishes leaves from nodes (RFC 6962 section 2.1)', () => {
    const pair = Buffer.concat([leaf(0), leaf(1)]);
    assert.notDeepEqual(leafHash(pair), root(2));
    assert.notDeepEqual(leafHash(Buffer.concat([Buffer.from([1]), pair])), root(2));
  });
});

describe('inclusion', () => {
  it('of every leaf is proved in trees of every size', () => {
    for (let count = 1; count <= 40; count += 1) {
      for (let index = 0; index < count; index += 1) {
        const path = inclusionPath(index, count, source(all));
        assert.ok(verifyInclusion(index, count, leaf(index), path, root(count)), `${index} of ${count}`);
      }
    }
  });

  it('is not proved by anything damaged, nor for another leaf, place or tree', () => {
    fc.assert(
      fc.property(size, fc.nat(MOST), size, (count, at, others) => {
        const index = at % count;
        const path = inclusionPath(index, count, source(all));
        assert.ok(verifyInclusion(index, count, leaf(index), path, root(count)));
        for (const bad of damaged(path, other)) {
          assert.equal(verifyInclusion(index, count, leaf(index), bad, root(count)), false);
        }
        assert.equal(verifyInclusion(index, count, other, path, root(count)), false);
        assert.equal(verifyInclusion(index, count, leaf(index), path, other), false);
        const place = others % count;
        if (place !== index) assert.equal(verifyInclusion(place, count, leaf(index), path, root(count)), false);
        if (others !== count) assert.equal(verifyInclusion(index, count, leaf(index), path, root(others)), false);
      }),
    );
  });

  it('is refused for places that no tree has', () => {
    for (const [index, count] of [
      [0, 0],
      [1, 1],
      [-1, 1],
      [0.5, 1],
      [0, 2 ** 53],
      [Number.NaN, 1],
    ] as const) {
      assert.equal(verifyInclusion(index, count, leaf(0), [], leaf(0)), false);
    }
    assert.throws(() => inclusionPath(1, 1, source(all)), RangeError);
  });
});

describe('consistency', () => {
  it('of every two sizes is proved', () => {
    for (let count = 1; count <= 40; count += 1) {
      for (let earlier = 1; earlier <= count; earlier += 1) {
        const proof = consistencyProof(earlier, count, source(all));
        assert.ok(verifyConsistency(earlier, count, proof, root(earlier), root(count)), `${earlier} to ${count}`);
      }
    }
  });

  it('is not proved by anything damaged, nor for another history', () => {
    fc.assert(
      fc.property(size, size, size, (one, two, three) => {
        const [earlier, count] = [Math.min(one, two), Math.max(one, two)];
        const proof = consistencyProof(earlier, count, source(all));
        assert.ok(verifyConsistency(earlier, count, proof, root(earlier), root(count)));
        for (const bad of damaged(proof, other)) {
          assert.equal(verifyConsistency(earlier, count, bad, root(earlier), root(count)), false);
        }
        assert.equal(verifyConsistency(earlier, count, proof, other, root(count)), false);
        if (earlier !== count) assert.equal(verifyConsistency(earlier, count, proof, root(earlier), other), false);
        if (three !== earlier) {
          assert.equal(verifyConsistency(earlier, count, proof, root(three), root(count)), false);
        }
        // The same leaves but one, which the earlier tree had.
        const rewritten = all.with(three % earlier, other);
        const forged = consistencyProof(earlier, count, source(rewritten));
        const forgedRoot = naiveRoot(rewritten.slice(0, count));
        assert.equal(verifyConsistency(earlier, count, forged, root(earlier), forgedRoot), false);
      }),
    );
  });

  it('with an empty tree shows nothing and is refused', () => {
    assert.equal(verifyConsistency(0, 0, [], root(0), root(0)), false);
    assert.equal(verifyConsistency(0, 1, [], root(0), root(1)), false);
    assert.throws(() => consistencyProof(0, 1, source(all)), RangeError);
    assert.throws(() => consistencyProof(2, 1, source(all)), RangeError);
  });
});
