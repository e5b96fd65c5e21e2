import { EverbindError } from '../../errors/error.ts';
import { type Certificate, parseCertificate } from '../x509/certificate.ts';

const parsedLists = new WeakMap<readonly Uint8Array[], readonly Certificate[]>();

/**
 * The roots of a list that parse; the store of an operating system may hold some that do not, and those vouch for nobody. Parsed once for each
 * list: a hundred and fifty roots cost milliseconds, and every certificate is checked against the same ones.
 */
export function parseTrustedRoots(roots: readonly Uint8Array[]): readonly Certificate[] {
  const known = parsedLists.get(roots);
  if (known !== undefined) return known;
  const parsed = roots.flatMap((der) => {
    try {
      return [parseCertificate(der)];
    } catch (error) {
      if (error instanceof EverbindError) return [];
      throw error;
    }
  });
  parsedLists.set(roots, parsed);
  return parsed;
}
