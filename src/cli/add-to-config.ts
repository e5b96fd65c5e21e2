import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { addCertificate, type NewCertificate, type NewIssuer } from '../config/add-certificate.ts';
import { parseConfig } from '../config/parse.ts';
import { EverbindError } from '../errors/error.ts';
import { syncFolder } from '../store/sync-folder.ts';

/**
 * Adds a certificate to the configuration file, or makes the file. The result is checked as a whole before it takes the place of the
 * old one, at once and durably. Throws CONFIG_INVALID, CONFIG_UNREADABLE, CONFIG_UNWRITABLE; for a new file without agreement to the terms CLI_USAGE.
 */
export async function writeAddition(
  path: string,
  certificate: NewCertificate,
  issuer: NewIssuer,
): Promise<{ readonly file: string }> {
  const file = resolve(path);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new EverbindError('CONFIG_UNREADABLE', `${file}: ${error.code ?? 'unreadable'}`, { file }, { cause: error });
  });
  if (text === null && !issuer.termsOfServiceAgreed) {
    throw new EverbindError(
      'CLI_USAGE',
      `there is no ${file} yet; to make one, agree to the terms of service of ${issuer.directory} with --accept-terms`,
    );
  }
  const entry =
    text === null && certificate.issuers === undefined ? { ...certificate, issuers: [issuer.name] } : certificate;
  const next = addCertificate(text, entry, text === null ? issuer : null);
  parseConfig(Buffer.from(next), file);
  try {
    await replaceFile(file, next);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new EverbindError('CONFIG_UNWRITABLE', `${file}: ${reason}`, { file, reason }, { cause: error });
  }
  return { file };
}

async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
    syncFolder(dirname(file));
  } finally {
    await rm(draft, { force: true });
  }
}
