import { hash } from 'node:crypto';

/** A number in [0, 1) that depends on nothing but the seed and what it is drawn for, so that no draw moves another. */
export function draw(seed: number, ...purpose: readonly (string | number)[]): number {
  return hash('sha256', [seed, ...purpose].join(' '), 'buffer').readUIntBE(0, 6) / 2 ** 48;
}

/** One of these, by a number in [0, 1). */
export function pick<T>(items: readonly [T, ...T[]], drawn: number): T {
  return items[Math.floor(drawn * items.length)] ?? items[0];
}
