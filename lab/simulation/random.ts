import type { Random } from '../../src/ports/random.ts';

/** Randomness that repeats itself: the same seed, the same draws. */
export interface SeededRandom extends Random {
  /** A whole number from 0 to `limit`, which it never is. */
  below(limit: number): number;
  /** `count` octets in lower hex. */
  hex(count: number): string;
  /** One of these. */
  pick<T>(items: readonly T[]): T;
}

/** The generator sfc32, seeded by a text. Not for secrets. */
export function createRandom(seed: string): SeededRandom {
  let [a, b, c, d] = [hash(`${seed}:a`), hash(`${seed}:b`), hash(`${seed}:c`), 1];
  const next = (): number => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round += 1) next();
  const uniform = (): number => next() / 2 ** 32;
  const below = (limit: number): number => Math.floor(uniform() * limit);
  return {
    uniform,
    below,
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff),
    hex: (count) => Array.from({ length: count }, () => (next() & 0xff).toString(16).padStart(2, '0')).join(''),
    pick: (items) => items[below(items.length)] as (typeof items)[number],
  };
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value | 0;
}
