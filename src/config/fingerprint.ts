import { createHash } from 'node:crypto';

/** Raised whenever the same file would be read differently. */
const READING = 'everbind-config-4';

/**
 * Names the result of reading a file: equal fingerprints mean that loadConfig would return an equal Config (or refuse the file
 * again), as long as the files it refers to are in place. Lower-case hex.
 */
export function configFingerprint(octets: Uint8Array, file: string): string {
  return createHash('sha256').update(`${READING}\0${file}\0`).update(octets).digest('hex');
}
