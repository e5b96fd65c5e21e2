import { createHash } from 'node:crypto';

/** Change this whenever the same file would be read differently. */
const READING = 'everbind-config-4';

/**
 * Names the result of reading a file: with equal fingerprints loadConfig returns an equal Config, or refuses the file
 * again, as long as the files that it refers to are in place. Lower-case hex.
 */
export function configFingerprint(octets: Uint8Array, file: string): string {
  return createHash('sha256').update(`${READING}\0${file}\0`).update(octets).digest('hex');
}
