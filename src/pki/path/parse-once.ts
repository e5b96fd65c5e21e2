import { createHash } from 'node:crypto';
import { EverbindError } from '../../errors/error.ts';
import { type Certificate, parseCertificate } from '../x509/certificate.ts';

/** A CA issues from a handful of intermediates at a time. */
const MOST_KEPT = 16;

const rootsOf = new WeakMap<readonly Uint8Array[], readonly Certificate[]>();
const intermediatesOf = new WeakMap<readonly Uint8Array[], Map<string, Certificate>>();

/**
 * The roots of a list that parse; the store of an operating system may hold some that do not, and those vouch for
 * nobody. Parsed once for each list: a hundred and fifty roots cost milliseconds, and every certificate is checked
 * against the same ones.
 */
export function parseTrustedRoots(roots: readonly Uint8Array[]): readonly Certificate[] {
  const known = rootsOf.get(roots);
  if (known !== undefined) return known;
  const parsed = parseReadable(roots);
  rootsOf.set(roots, parsed);
  return parsed;
}

/** The certificates of a list that can be parsed, in their order. */
export function parseReadable(list: readonly Uint8Array[]): readonly Certificate[] {
  return list.flatMap((der) => {
    try {
      return [parseCertificate(der)];
    } catch (error) {
      if (error instanceof EverbindError) return [];
      throw error;
    }
  });
}

/**
 * A certificate that came with a leaf, parsed once for each list of roots, the same object each time: a CA sends the
 * same one with every leaf, and what was found out about it (its key, who signed it) is kept with the object. Throws
 * PKI_CERTIFICATE_INVALID.
 */
export function parseIntermediate(der: Uint8Array, roots: readonly Uint8Array[]): Certificate {
  const kept = intermediatesOf.get(roots) ?? new Map<string, Certificate>();
  intermediatesOf.set(roots, kept);
  const key = createHash('sha256').update(der).digest('base64');
  const known = kept.get(key);
  if (known !== undefined) return known;
  const parsed = parseCertificate(der);
  const [oldest] = kept.keys();
  if (kept.size >= MOST_KEPT && oldest !== undefined) kept.delete(oldest);
  kept.set(key, parsed);
  return parsed;
}
