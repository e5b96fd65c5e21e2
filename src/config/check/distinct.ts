import { type Identifier, identifierKey } from '../../pki/x509/names.ts';
import { type PathStep, quote } from '../config-problem.ts';
import type { Report } from '../report.ts';

/** Each name once, however it is written. Returns whether that is so. */
export function checkDistinct(names: readonly Identifier[], path: readonly PathStep[], report: Report): boolean {
  const seen = new Map<string, number>();
  let distinct = true;
  for (const [index, identifier] of names.entries()) {
    const first = seen.get(identifierKey(identifier));
    if (first === undefined) seen.set(identifierKey(identifier), index);
    else {
      distinct = false;
      const found = `${quote(identifier.value)}, the same name as names[${first}]`;
      report.problem([...path, index], found, 'each name once');
    }
  }
  return distinct;
}
