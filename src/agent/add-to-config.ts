import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { addCertificate, type NewCertificate, type NewIssuer } from '../config/add-certificate.ts';
import { checkAddition } from '../config/check/addition.ts';
import { EverbindError } from '../errors/error.ts';
import { makeFolder, syncFolder } from '../store/folders.ts';
import { requireTrustedPath } from '../store/trusted-path.ts';

const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/directory';

/** What the command line says about the issuer of a new configuration. */
export interface FirstIssuer {
  readonly directory?: string;
  readonly contact?: readonly string[];
  readonly acceptTerms?: boolean;
}

/**
 * Adds a certificate to the configuration file, or makes the file. The result is checked as a whole before it
 * atomically and durably replaces the old one. Throws CONFIG_NOT_ADDED, CONFIG_INVALID, CONFIG_UNREADABLE,
 * CONFIG_UNWRITABLE, STORE_EXPOSED; CLI_USAGE for a new file without agreement to the terms, and for an issuer where
 * there is a file.
 */
export async function writeAddition(
  path: string,
  certificate: NewCertificate,
  first: FirstIssuer,
): Promise<{ readonly file: string }> {
  const file = resolve(path);
  requireTrustedPath(file);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new EverbindError('CONFIG_UNREADABLE', `${file}: ${error.code ?? 'unreadable'}`, { file }, { cause: error });
  });
  const issuer = text === null ? firstIssuer(file, first) : null;
  if (text !== null && (first.directory !== undefined || first.contact !== undefined)) {
    const message = `${file} has its issuers: --directory and --contact are for a new one; add an issuer there and name it with --issuer`;
    throw new EverbindError('CLI_USAGE', message);
  }
  const entry =
    issuer !== null && certificate.issuers === undefined ? { ...certificate, issuers: [issuer.name] } : certificate;
  const next = addCertificate(text, entry, issuer);
  checkAddition(text, next, file, certificate.name);
  try {
    await replaceFile(file, next);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new EverbindError('CONFIG_UNWRITABLE', `${file}: ${reason}`, { file, reason }, { cause: error });
  }
  return { file };
}

function firstIssuer(file: string, { directory = LETS_ENCRYPT, contact, acceptTerms = false }: FirstIssuer): NewIssuer {
  if (!acceptTerms) {
    throw new EverbindError(
      'CLI_USAGE',
      `there is no ${file} yet; to make one, agree to the terms of service of ${directory} with --accept-terms`,
    );
  }
  return {
    name: 'default',
    directory,
    ...(contact === undefined ? {} : { contacts: contact }),
    termsOfServiceAgreed: true,
  };
}

async function replaceFile(file: string, text: string): Promise<void> {
  for (const folder of makeFolder(dirname(file))) syncFolder(folder);
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
