import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseVerifier, type Verifier, verifierText } from '../audit/note.ts';
import { EverbindError } from '../errors/error.ts';
import type { CheckpointSigner } from '../ports/checkpoint-signer.ts';

const MOST_OCTETS = 4096;

/**
 * Notes the verifier key of the log beside the database when the log is first signed. Whoever exchanges the signing key together with all
 * signatures is found by it. Throws AUDIT_KEY_CHANGED when the key is not the one that was noted.
 */
export async function pinAuditKey(stateDir: string, signer: CheckpointSigner): Promise<void> {
  const text = verifierText(signer);
  const file = keyFile(stateDir);
  try {
    await writeFile(file, `${text}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (verifierText(await readPinnedKey(stateDir)) === text) return;
    throw new EverbindError('AUDIT_KEY_CHANGED', `the log's key is not the one in ${file}`, { file });
  }
}

/** The key that was noted. Throws AUDIT_KEY_INVALID when there is none. */
export function readPinnedKey(stateDir: string): Promise<Verifier> {
  return readKey(keyFile(stateDir));
}

/** A verifier key given as its text or as a file that holds it. Throws AUDIT_KEY_INVALID. */
export function givenKey(textOrFile: string): Promise<Verifier> {
  return textOrFile.includes('+') ? Promise.resolve(parseVerifier(textOrFile.trim())) : readKey(textOrFile);
}

async function readKey(file: string): Promise<Verifier> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new EverbindError('AUDIT_KEY_INVALID', `no verifier key in ${file}: ${error.code ?? 'unreadable'}`, { file });
  });
  if (text.length > MOST_OCTETS) throw new EverbindError('AUDIT_KEY_INVALID', `${file} is no verifier key`, { file });
  return parseVerifier(text.trim());
}

function keyFile(stateDir: string): string {
  return join(stateDir, 'audit.key.pub');
}
