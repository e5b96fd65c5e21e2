import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseVerifier, type Verifier, verifierText } from '../audit/note.ts';
import { EverbindError } from '../errors/error.ts';
import type { CheckpointSigner } from '../ports/checkpoint-signer.ts';
import { readAtMost } from './read-file.ts';

const MOST_OCTETS = 4096;

/**
 * Writes the verifier key of the log to a file beside the database when the log is first signed. The file gives away
 * whoever replaces the signing key together with all signatures. Throws AUDIT_KEY_CHANGED when the file has another
 * key.
 */
export async function pinAuditKey(stateDir: string, signer: CheckpointSigner): Promise<void> {
  const text = verifierText(signer);
  const file = keyFile(stateDir);
  const noted = await readAtMost(file, MOST_OCTETS).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (noted === undefined) await writeWhole(file, `${text}\n`);
  else if (noted?.toString('utf8').trim() !== text) {
    throw new EverbindError('AUDIT_KEY_CHANGED', `the log's key is not the one in ${file}`, { file });
  }
}

/** The key in that file. Throws AUDIT_KEY_INVALID when there is none. */
export function readPinnedKey(stateDir: string): Promise<Verifier> {
  return readKey(keyFile(stateDir));
}

/** A verifier key given as its text or as a file that holds it. Throws AUDIT_KEY_INVALID. */
export function givenKey(textOrFile: string): Promise<Verifier> {
  // A path may have a plus sign too. A key has eight hexadecimal digits between two of them.
  return /\+[0-9a-f]{8}\+/.test(textOrFile) ? Promise.resolve(parseVerifier(textOrFile.trim())) : readKey(textOrFile);
}

async function readKey(file: string): Promise<Verifier> {
  const octets = await readAtMost(file, MOST_OCTETS).catch((error: unknown) => {
    throw new EverbindError('AUDIT_KEY_INVALID', `no verifier key in ${file}: ${systemCode(error)}`, { file });
  });
  if (octets === null) throw new EverbindError('AUDIT_KEY_INVALID', `${file} is no verifier key`, { file });
  return parseVerifier(octets.toString('utf8').trim());
}

/** After a kill, every later start would take a half-written file for another key. */
async function writeWhole(file: string, text: string): Promise<void> {
  // Two processes that start at the same time write the same key, the one in the database.
  const next = `${file}.${process.pid}`;
  await rm(next, { force: true });
  const handle = await open(next, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
}

function systemCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unreadable';
}

function keyFile(stateDir: string): string {
  return join(stateDir, 'audit.key.pub');
}
