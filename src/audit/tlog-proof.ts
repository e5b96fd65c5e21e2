import type { EventProof } from './proof.ts';

/**
 * The proof in the form of C2SP tlog-proof, which other tools read. The entry is the event's canonical JSON, which it
 * does not contain.
 */
export function tlogProof({ index, path, checkpoint }: EventProof): string {
  return ['c2sp.org/tlog-proof@v1', `index ${index}`, ...path, '', checkpoint].join('\n');
}
