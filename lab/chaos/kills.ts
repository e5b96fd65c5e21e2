import { draw, pick } from '../fault-proxy/draw.ts';

/**
 * When a child is killed: at one of its commits, or when so many requests and responses have passed the proxies. Or it
 * is stopped then (SIGSTOP) for longer than its lease lasts; another child takes over, and the stopped one goes on
 * (SIGCONT) after so many passes more, or when the other one has ended.
 */
export type Kill =
  | { readonly at: 'commit'; readonly commit: number; readonly when: 'before' | 'after' }
  | { readonly at: 'pass'; readonly pass: number }
  | { readonly at: 'stop'; readonly pass: number; readonly resumeAfter: number };

const MOST_KILLS = 3;
/** About what an undisturbed round has of each; a child that ends before its turn is not killed. */
const COMMITS = 45;
/** Part of the children that are stopped and not killed. */
const STOPPED = 0.4;
const PASSES = 90;

/** The kills of one round, one child after another. */
export function killsOf(seed: number, round: number): readonly Kill[] {
  const count = Math.floor(draw(seed, 'kills', round) * (MOST_KILLS + 1));
  return Array.from({ length: count }, (_, index): Kill => {
    const number = draw(seed, 'kill', round, index);
    if (draw(seed, 'stop', round, index) < STOPPED) {
      const resumeAfter = 1 + Math.floor(draw(seed, 'resume', round, index) * 2 * PASSES);
      return { at: 'stop', pass: 1 + Math.floor(number * PASSES), resumeAfter };
    }
    return draw(seed, 'kill at', round, index) < 0.5
      ? {
          at: 'commit',
          commit: 1 + Math.floor(number * COMMITS),
          when: pick(['before', 'after'], draw(seed, 'when', round, index)),
        }
      : { at: 'pass', pass: 1 + Math.floor(number * PASSES) };
  });
}
