import { draw, pick } from '../fault-proxy/draw.ts';

/** When a child is killed: at one of its commits, or when so many requests and responses have passed the proxies. */
export type Kill =
  | { readonly at: 'commit'; readonly commit: number; readonly when: 'before' | 'after' }
  | { readonly at: 'pass'; readonly pass: number };

const MOST_KILLS = 3;
/** About what an undisturbed round has of each; a child that ends before its turn is not killed. */
const COMMITS = 45;
const PASSES = 90;

/** The kills of one round, one child after another. */
export function killsOf(seed: number, round: number): readonly Kill[] {
  const count = Math.floor(draw(seed, 'kills', round) * (MOST_KILLS + 1));
  return Array.from({ length: count }, (_, index): Kill => {
    const number = draw(seed, 'kill', round, index);
    return draw(seed, 'kill at', round, index) < 0.5
      ? {
          at: 'commit',
          commit: 1 + Math.floor(number * COMMITS),
          when: pick(['before', 'after'], draw(seed, 'when', round, index)),
        }
      : { at: 'pass', pass: 1 + Math.floor(number * PASSES) };
  });
}
