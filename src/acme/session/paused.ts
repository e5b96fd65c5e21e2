import { acmeErrorType, type Problem } from '../messages/problem.ts';

/**
 * Where a person lifts a pause: some CAs stop orders for a name whose proof has failed for months, and answer with the address of a page for it
 * (Boulder: `rateLimited`, with `…/unpause?jwt=…` in the detail). Told by the type and the path of the address, never by the words around it; null
 * for every other problem. The address lets whoever has it lift the pause, and nothing else.
 */
export function unpauseUrl(problem: Problem): string | null {
  const type = acmeErrorType(problem);
  if (type !== 'rateLimited' && type !== 'userActionRequired') return null;
  const words = problem.detail.split(/[\s<>"'()]+/).map((word) => word.replace(/[.,;:!]+$/, ''));
  const candidates = [problem.instance ?? '', ...words];
  return candidates.find(isUnpause) ?? null;
}

function isUnpause(text: string): boolean {
  if (!text.startsWith('https://') || !URL.canParse(text)) return false;
  return new URL(text).pathname.split('/').at(-1) === 'unpause';
}
