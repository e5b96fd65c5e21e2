import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { link, lstat, open, stat, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { EverbindError } from '../../errors/error.ts';
import { MASTER_KEY_OCTETS, type MasterKeyProtector } from './master-key.ts';

const posix = process.platform !== 'win32';

/**
 * Keeps the master key in a file of exactly 32 octets, mode 0600 from its creation. On POSIX it is refused when it is a
 * symbolic link, belongs to another account, can be read by group or others, or lies in a folder that anybody can write
 * to; on Windows the access list of the state folder protects it.
 */
export function masterKeyFile(path: string): MasterKeyProtector {
  const file = resolve(path);
  return {
    description: file,
    unseal: () => guarded(file, () => read(file)),
    create: () => guarded(file, () => create(file)),
  };
}

async function read(file: string): Promise<Uint8Array<ArrayBuffer> | null> {
  const named = await lstat(file).catch(nullWhenAbsent);
  if (named === null) return null;
  if (named.isSymbolicLink()) throw exposed(file, 'it is a symbolic link');
  // Follows no link that was put there meanwhile, and does not wait for the writer of a pipe.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) throw invalid(file, 'it is not an ordinary file');
    if (posix) await checkAccess(file, facts);
    if (facts.size !== MASTER_KEY_OCTETS) throw invalid(file, `it has ${facts.size} octets`);
    const key = new Uint8Array(MASTER_KEY_OCTETS);
    const { bytesRead } = await handle.read(key, 0, key.length, 0);
    if (bytesRead !== key.length) throw invalid(file, 'it was cut short meanwhile');
    return key;
  } finally {
    await handle.close();
  }
}

async function checkAccess(file: string, facts: Stats): Promise<void> {
  const mode = facts.mode & 0o777;
  if ((mode & 0o077) !== 0) throw exposed(file, `its mode is ${mode.toString(8).padStart(4, '0')}`);
  const self = process.geteuid?.();
  if (facts.uid !== self && facts.uid !== 0) throw exposed(file, `it belongs to user ${facts.uid}`);
  const folder = await stat(dirname(file));
  const open = (folder.mode & 0o002) !== 0 && (folder.mode & 0o1000) === 0;
  if (open) throw exposed(file, `anybody can write to ${dirname(file)}`);
}

/**
 * Writes a file under another name and links it to the right one: a kill leaves either no master key or a whole one,
 * and of two processes at their first start one wins.
 */
async function create(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const key = new Uint8Array(randomBytes(MASTER_KEY_OCTETS));
  const draft = `${file}.${randomBytes(8).toString('hex')}.new`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(key);
    await handle.sync();
  } finally {
    await handle.close();
  }
  let won = true;
  try {
    await link(draft, file);
  } catch (error) {
    if (errno(error) !== 'EEXIST') throw error;
    won = false;
  } finally {
    await unlink(draft);
  }
  await syncFolder(dirname(file));
  if (won) return key;
  key.fill(0);
  const other = await read(file);
  if (other === null) throw invalid(file, 'it vanished while it was made');
  return other;
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot sync a folder; NTFS journals the name with the file.
  if (!posix) return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function guarded<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EverbindError) throw error;
    const code = errno(error) ?? 'unknown';
    const message = `the master key ${file} cannot be used: the system answers ${code}`;
    throw new EverbindError('KEY_STORE_FAILED', message, { file, reason: code }, { cause: error });
  }
}

function nullWhenAbsent(error: unknown): null {
  if (errno(error) === 'ENOENT') return null;
  throw error;
}

function errno(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

function exposed(file: string, reason: string): EverbindError {
  return new EverbindError('KEY_MASTER_EXPOSED', `the master key ${file} is not safe: ${reason}`, { file, reason });
}

function invalid(file: string, reason: string): EverbindError {
  return new EverbindError('KEY_MASTER_INVALID', `${file} is no master key: ${reason}`, { file, reason });
}
