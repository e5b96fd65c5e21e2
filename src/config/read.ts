import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { EverbindError } from '../errors/error.ts';
import { configFingerprint } from './fingerprint.ts';

/** 10,000 certificates take about 2 MiB. */
const MAX_OCTETS = 32 * 1024 * 1024;

export interface ConfigFile {
  /** Absolute path. */
  readonly file: string;
  readonly octets: Uint8Array;
  /** See configFingerprint. */
  readonly fingerprint: string;
}

/** Reads the file without looking into it. Throws CONFIG_NOT_FOUND or CONFIG_UNREADABLE. */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const file = resolve(path);
  const octets = await readBounded(file);
  return { file, octets, fingerprint: configFingerprint(octets, file) };
}

async function readBounded(file: string): Promise<Uint8Array> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    // O_NONBLOCK, since opening a named pipe would block until somebody writes to it.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw openError(file, error);
  }
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) throw unreadable(file, 'it is not an ordinary file');
    if (facts.size > MAX_OCTETS) throw unreadable(file, `it is larger than ${MAX_OCTETS} octets`);
    // One octet more than the file had, to notice a file that grows meanwhile.
    const buffer = new Uint8Array(facts.size + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) break;
    }
    if (length > facts.size) throw unreadable(file, 'it changed while it was read');
    return buffer.subarray(0, length);
  } finally {
    await handle.close();
  }
}

function openError(file: string, error: unknown): EverbindError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new EverbindError('CONFIG_NOT_FOUND', `there is no configuration file ${file}`, { file }, { cause: error });
  }
  return unreadable(file, `the system answers ${code}`, error);
}

function unreadable(file: string, reason: string, cause?: unknown): EverbindError {
  return new EverbindError('CONFIG_UNREADABLE', `${file} cannot be read: ${reason}`, { file, reason }, { cause });
}
