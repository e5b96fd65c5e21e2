import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { addCertificate, type NewCertificate, type NewIssuer } from '../config/add-certificate.ts';
import { checkAddition } from '../config/check/addition.ts';
import { isPublicCa, maxNamesOf, publicNameProblem } from '../config/issuer-facts.ts';
import type { Config } from '../config/types.ts';
import type { SetAside } from '../iis/plan/site-names.ts';
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

/** What was declared. */
export interface Addition {
  readonly file: string;
  /** One, or several where there are more names than the issuer takes in one. */
  readonly certificates: readonly NewCertificate[];
  /** Hosts of sites that were left out, with the reason. */
  readonly aside: readonly SetAside[];
  /** What is odd about them, in words. */
  readonly warnings: readonly string[];
}

/**
 * Adds a certificate to the configuration file, or makes the file. `fromSites`: its names are whatever the sites have;
 * those that its CA does not issue for are left out, and more than it takes in one are declared as several certificates
 * (NAME-1, NAME-2, …), as equal in size as can be, the names in their order. Names that somebody chose are declared as
 * they are. The result is checked as a whole before it atomically and durably replaces the old one. Throws
 * CONFIG_NOT_ADDED, CONFIG_INVALID, CONFIG_UNREADABLE, CONFIG_UNWRITABLE, STORE_EXPOSED; CLI_USAGE for a new file
 * without agreement to the terms, and for an issuer where there is a file.
 */
export async function writeAddition(
  path: string,
  certificate: NewCertificate,
  first: FirstIssuer,
  { fromSites }: { readonly fromSites: boolean },
): Promise<Addition> {
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
  const declare = (entries: readonly NewCertificate[]): Declared => declareIn(file, text, entries, issuer);
  const once = declare([entry]);
  const names = fromSites ? once.issuable : entry.names;
  const aside = entry.names.filter((one) => !names.includes(one)).map((host) => ({ host, reason: once.why(host) }));
  if (names.length === 0) {
    const reasons = aside.map(({ host, reason }) => `${host}: ${reason}`).join('; ');
    throw new EverbindError('CLI_USAGE', `no name that the CA issues for: ${reasons}`);
  }
  const parts = fromSites ? split({ ...entry, names }, once.most) : [entry];
  const declared = parts.length === 1 && aside.length === 0 ? once : declare(parts);
  try {
    await replaceFile(file, declared.text);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new EverbindError('CONFIG_UNWRITABLE', `${file}: ${reason}`, { file, reason }, { cause: error });
  }
  return { file, certificates: parts, aside, warnings: declared.warnings };
}

interface Declared {
  /** Of the whole file. */
  readonly text: string;
  /** About the certificates that were added. */
  readonly warnings: readonly string[];
  /** Names of the last certificate, as written, that its issuers may issue for. */
  readonly issuable: readonly string[];
  /** How many names its issuers take in one; null: not known. */
  readonly most: number | null;
  /** Why its issuers do not issue for a name. */
  why(name: string): string;
}

/** The text of the file with these certificates, and what its check says. Throws CONFIG_NOT_ADDED, CONFIG_INVALID. */
function declareIn(
  file: string,
  before: string | null,
  entries: readonly NewCertificate[],
  issuer: NewIssuer | null,
): Declared {
  let text = before;
  let config: Config | null = null;
  for (const entry of entries) {
    const next = addCertificate(text, entry, text === null ? issuer : null);
    config = checkAddition(text, next, file, entry.name);
    text = next;
  }
  const added = config?.certificates.slice(-entries.length) ?? [];
  const last = added.at(-1);
  if (text === null || config === null || last === undefined) throw new RangeError('nothing was added');
  const { certificates, warnings, issuers } = config;
  const own = added.map((_, index) => `certificates[${certificates.length - 1 - index}].`);
  const used = issuers.filter(({ name }) => last.issuers.includes(name));
  const problemOf = (index: number): string | null => {
    const identifier = last.identifiers[index];
    return identifier === undefined || !used.some(isPublicCa) ? null : publicNameProblem(identifier);
  };
  const names = entries.at(-1)?.names ?? [];
  const limits = used.flatMap((one) => maxNamesOf(one) ?? []);
  return {
    text,
    warnings: warnings.filter(({ path }) => own.some((start) => path.startsWith(start))).map(({ message }) => message),
    issuable: names.filter((_, index) => problemOf(index) === null),
    most: limits.length === 0 ? null : Math.min(...limits),
    why: (name) => problemOf(names.indexOf(name)) ?? '',
  };
}

function split(entry: NewCertificate, most: number | null): readonly NewCertificate[] {
  const { name, names } = entry;
  const parts = most === null ? 1 : Math.ceil(names.length / most);
  if (parts === 1) return [entry];
  const size = Math.ceil(names.length / parts);
  return Array.from({ length: parts }, (_, index) => ({
    ...entry,
    name: `${name}-${index + 1}`,
    names: names.slice(index * size, (index + 1) * size),
  }));
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
