import { readFileSync, statSync } from 'node:fs';
import { EverbindError } from '../../errors/error.ts';
import { parsePemRoots, ROOTS_LIMITS } from '../../pki/asn1/pem.ts';
import type { CheckContext } from './context.ts';
import { absolutePath } from './path.ts';
import { DEFAULTS } from '../defaults.ts';
import { type PathStep, quote } from '../config-problem.ts';
import type { IssuerInput } from '../schema/issuer.ts';
import type { IssuerConfig, SecretReference } from '../types.ts';

/**
 * Staging environments that are open to everybody, by the directory of the CA. Those that need an account of their own
 * are not listed.
 */
const KNOWN_STAGING: Readonly<Record<string, string>> = {
  'https://acme-v02.api.letsencrypt.org/directory': 'https://acme-staging-v02.api.letsencrypt.org/directory',
};

/** An issuer with its defaults; problems are reported. */
export function checkIssuer(input: IssuerInput, path: readonly PathStep[], context: CheckContext): IssuerConfig {
  const binding = input.externalAccountBinding;
  return {
    name: input.name,
    directory: checkDirectory(input, 'directory', input.directory, path, context),
    staging: checkStaging(input, path, context),
    contacts: input.contacts ?? [],
    termsOfServiceAgreed: input.termsOfServiceAgreed ?? false,
    accountKey: input.accountKey ?? DEFAULTS.accountKey,
    accountKeyRolloverDays: input.accountKeyRolloverDays ?? DEFAULTS.accountKeyRolloverDays,
    externalAccountBinding:
      binding === undefined
        ? null
        : {
            keyId: binding.keyId,
            hmacKey: binding.hmacKey as SecretReference,
            algorithm: binding.algorithm ?? DEFAULTS.macAlgorithm,
          },
    profile: input.profile ?? null,
    preferredIssuer: input.preferredIssuer ?? null,
    maxNames: input.maxNames ?? null,
    limits: input.limits === undefined ? null : { ...input.limits, known: input.limits.known ?? true },
    trustRoots: checkFiles(input.trustRoots ?? [], [...path, 'trustRoots'], context),
    certificateRoots: checkFiles(input.certificateRoots ?? [], [...path, 'certificateRoots'], context),
    allowInsecureLoopback: input.allowInsecureLoopback ?? false,
  };
}

/** The schema has checked the rest of the URL. */
function checkDirectory(
  input: IssuerInput,
  key: 'directory' | 'staging',
  written: string,
  path: readonly PathStep[],
  { report }: CheckContext,
): string {
  const url = new URL(written);
  if (url.protocol === 'http:' && !(input.allowInsecureLoopback === true && isLoopback(url.hostname))) {
    const expected = 'an https URL (http only to a loopback address, with allowInsecureLoopback: true)';
    report.problem([...path, key], quote(written), expected);
  }
  return url.href;
}

/** The staging directory of the file, or else the known one. */
function checkStaging(input: IssuerInput, path: readonly PathStep[], context: CheckContext): string | null {
  const directory = new URL(input.directory).href;
  if (input.staging === false) return null;
  if (input.staging === undefined) return KNOWN_STAGING[directory] ?? null;
  const staging = checkDirectory(input, 'staging', input.staging, path, context);
  if (staging === directory) {
    context.report.problem([...path, 'staging'], quote(input.staging), 'another directory than that of the CA itself');
  }
  return staging;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function checkFiles(
  paths: readonly string[],
  path: readonly PathStep[],
  { report, folder }: CheckContext,
): readonly string[] {
  return paths.map((written, index) => {
    const file = absolutePath(folder, written);
    const problem = rootsProblem(file);
    if (problem !== null) {
      report.problem([...path, index], `${quote(written)}, ${problem}`, 'the path of a file of PEM certificates');
    }
    return file;
  });
}

/** Why this file cannot be used as a file of roots, or null when it can. */
function rootsProblem(file: string): string | null {
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
