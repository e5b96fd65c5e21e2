import { readFileSync, statSync } from 'node:fs';
import { EverbindError } from '../../errors/error.ts';
import { parsePemRoots, ROOTS_LIMITS } from '../../pki/asn1/pem.ts';

/** Why this file cannot be used as a file of roots, or null when it can. */
export function rootsProblem(file: string): string | null {
  try {
    const facts = statSync(file, { throwIfNoEntry: false });
    if (facts === undefined) return 'which does not exist';
    if (!facts.isFile()) return 'which is no ordinary file';
    if (facts.size > ROOTS_LIMITS.maxCharacters) return 'which is too large';
    parsePemRoots(readFileSync(file, 'latin1'));
    return null;
  } catch (error) {
    if (error instanceof EverbindError && error.code === 'PKI_PEM_INVALID')
      return 'which does not hold certificates only';
    if (error instanceof Error && 'code' in error) return `which cannot be read (${String(error.code)})`;
    throw error;
  }
}
