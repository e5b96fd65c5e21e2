import type { KeyObject } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** A private key where none may be. */
export interface Trace {
  readonly file: string;
  readonly what: string;
}

const LENGTH = '(?:[\\x00-\\x7f]|\\x81[^]|\\x82[^]{2})';
const RSA = '\\x06\\x09\\x2a\\x86\\x48\\x86\\xf7\\x0d\\x01\\x01\\x01';
const EC = '\\x06\\x07\\x2a\\x86\\x48\\xce\\x3d\\x02\\x01';
const ED25519 = '\\x06\\x03\\x2b\\x65\\x70';
const DATA = '\\x06\\x09\\x2a\\x86\\x48\\x86\\xf7\\x0d\\x01\\x07\\x01';

// What files with private keys look like, whatever the key: RFC 7468, 5958, 8017, 5915, 7292, and the blobs of bcrypt.h
// and wincrypt.h.
const shapes: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['PEM private key', /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/],
  ['PKCS#8', new RegExp(`\\x30${LENGTH}\\x02\\x01[\\x00\\x01]\\x30${LENGTH}(?:${RSA}|${EC}|${ED25519})`)],
  ['RSAPrivateKey', new RegExp(`\\x30\\x82[^]{2}\\x02\\x01\\x00\\x02(?:\\x81[^]|\\x82[^]{2})\\x00`)],
  ['ECPrivateKey', new RegExp(`\\x30${LENGTH}\\x02\\x01\\x01\\x04[\\x20\\x30]`)],
  ['PKCS#12', new RegExp(`\\x30\\x82[^]{2}\\x02\\x01\\x03\\x30${LENGTH}${DATA}`)],
  ['RSA private key blob of Windows', /RSA[23]\0[\x08\x0c\x10]\0\0/],
  ['EC private key blob of Windows', /EC[KS][246][\x20\x30\x42]\0\0\0/],
];

/**
 * Searches every file below `folder` that differs from `template` for private keys: those in any format that tools
 * know, and the secret numbers of `keys` in their usual spellings.
 */
export async function findTraces(
  folder: string,
  template: string | null,
  keys: readonly KeyObject[],
): Promise<readonly Trace[]> {
  const secrets = keys.flatMap(secretsOf).flatMap(spellings);
  const traces: Trace[] = [];
  for await (const file of filesBelow(folder)) {
    const content = await readFile(file);
    const before = template === null ? null : await readFile(join(template, relative(folder, file))).catch(() => null);
    if (before?.equals(content) === true) continue;
    const texts = [content, ...registryValues(content)].map((octets) => octets.toString('latin1'));
    for (const [what, pattern] of shapes) {
      if (texts.some((text) => pattern.test(text))) traces.push({ file, what });
    }
    for (const secret of secrets) {
      if (texts.some((text) => text.includes(secret))) traces.push({ file, what: 'the secret number of a key' });
    }
  }
  return traces;
}

/** Symbolic links are not followed: drive Z: of a prefix is the whole machine. */
async function* filesBelow(folder: string): AsyncIterable<string> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

/** Binary values of a registry file of Wine. */
function registryValues(content: Buffer): readonly Buffer[] {
  if (!content.subarray(0, 20).toString('latin1').startsWith('WINE REGISTRY')) return [];
  return [...content.toString('latin1').matchAll(/hex(?:\([0-9a-f]+\))?:((?:[0-9a-f]{2}|,|\\|\s)+)/g)].map(([, hex]) =>
    Buffer.from((hex ?? '').replace(/[^0-9a-f]/g, ''), 'hex'),
  );
}

/** The numbers that nobody else may know, big-endian. */
function secretsOf(key: KeyObject): readonly Buffer[] {
  const { d, p, q } = key.export({ format: 'jwk' });
  return [d, p, q].filter((part) => part !== undefined).map((part) => Buffer.from(part, 'base64url'));
}

/**
 * As latin-1 text: the octets in both orders, hexadecimal, base64 at each of its three alignments, each text in UTF-16
 * too.
 */
function spellings(secret: Buffer): readonly string[] {
  const base64 = [0, 1, 2].flatMap((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), secret])
      .toString('base64')
      .replace(/=+$/, '');
    // The characters at both ends depend on what stands beside.
    const inner = text.slice(offset === 0 ? 0 : offset + 1, -2);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const texts = [...new Set([secret.toString('hex'), secret.toString('hex').toUpperCase(), ...base64])];
  return [
    secret.toString('latin1'),
    Buffer.from(secret).reverse().toString('latin1'),
    ...texts,
    ...texts.map((text) => Buffer.from(text, 'utf16le').toString('latin1')),
  ];
}
