import { createHash } from 'node:crypto';
import { type Certificate, parseCertificate } from '../x509/certificate.ts';

/** A CA issues from a handful at a time. */
const MOST_KEPT = 16;

const seen = new WeakMap<readonly Uint8Array[], Map<string, Certificate>>();

/**
 * A certificate that was sent with a leaf, parsed once for each list of roots, the same object each time: a CA sends the same one with every
 * leaf, and what was found out about it (its key, who signed it) is kept with the object. Throws PKI_CERTIFICATE_INVALID.
 */
export function parseIntermediate(der: Uint8Array, roots: readonly Uint8Array[]): Certificate {
  const kept = seen.get(roots) ?? new Map<string, Certificate>();
  seen.set(roots, kept);
  const key = createHash('sha256').update(der).digest('base64');
  const known = kept.get(key);
  if (known !== undefined) return known;
  const parsed = parseCertificate(der);
  const [oldest] = kept.keys();
  if (kept.size >= MOST_KEPT && oldest !== undefined) kept.delete(oldest);
  kept.set(key, parsed);
  return parsed;
}
