import { createPrivateKey, type KeyObject } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A key of the ncrypt double, as its file describes it. */
export interface LabKey {
  /** The provider's name. */
  readonly provider: string;
  readonly name: string;
  readonly scope: 'machine' | 'user';
  /** NCrypt's name: RSA, ECDSA_P256 or ECDSA_P384. */
  readonly algorithm: string;
  /** NCRYPT_EXPORT_POLICY_PROPERTY. */
  readonly exportPolicy: number;
  /** NCRYPT_KEY_USAGE_PROPERTY. */
  readonly keyUsage: number;
  /** Self-relative; empty when none was set. */
  readonly securityDescriptor: Buffer;
  readonly privateKey: KeyObject;
}

/** The keys in a folder as EVERBIND_LAB_KEYS names it, here as a path of this machine. An absent folder has none. */
export async function readLabKeys(folder: string): Promise<readonly LabKey[]> {
  const entries = await readdir(folder, { recursive: true }).catch((error: unknown): string[] => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  const paths = entries.filter((path) => path.endsWith('.key')).sort();
  return Promise.all(
    paths.map(async (path) => {
      const [provider = '', scope = ''] = path.split('/');
      return readKey(decodeURIComponent(provider), scope, await readFile(join(folder, path), 'utf8'));
    }),
  );
}

/** One key by provider and name; null when there is none. */
export async function findLabKey(folder: string, provider: string, name: string): Promise<LabKey | null> {
  const keys = await readLabKeys(folder);
  return keys.find((key) => key.provider === provider && key.name === name && key.scope === 'machine') ?? null;
}

/** What the device behind a provider of the ncrypt double does, as `device.h` of the double says. */
export type LabDevice = Readonly<Record<string, number>>;

/** Has the device behind a provider behave so from the next call on; null: as it usually does. */
export async function setLabDevice(folder: string, provider: string, device: LabDevice | null): Promise<void> {
  const place = join(folder, encodeURIComponent(provider));
  const file = join(place, 'device');
  if (device === null) {
    await rm(file, { force: true });
    return;
  }
  const lines = Object.entries(device).map(([word, status]) => `${word} 0x${status.toString(16)}\n`);
  await mkdir(place, { recursive: true });
  await writeFile(`${file}.new`, lines.join(''));
  await rename(`${file}.new`, file);
}

function readKey(provider: string, scope: string, text: string): LabKey {
  const values = new Map(
    text.split('\n').map((line): [string, string] => {
      const blank = line.indexOf(' ');
      return [line.slice(0, blank), line.slice(blank + 1)];
    }),
  );
  const value = (word: string): string => {
    const found = values.get(word);
    if (found === undefined) throw new Error(`a key file has no ${word}`);
    return found;
  };
  if (scope !== 'machine' && scope !== 'user') throw new Error(`a key file lies in ${scope}`);
  const algorithm = value('algorithm');
  return {
    provider,
    scope,
    algorithm,
    name: value('name'),
    exportPolicy: Number(value('export-policy')),
    keyUsage: Number(value('key-usage')),
    securityDescriptor: Buffer.from(value('security-descriptor'), 'hex'),
    privateKey: privateKeyOfBlob(algorithm, Buffer.from(value('blob'), 'hex')),
  };
}

/** The key in a BCRYPT_RSAFULLPRIVATE_BLOB or BCRYPT_ECCPRIVATE_BLOB. `algorithm`: NCrypt's name. */
export function privateKeyOfBlob(algorithm: string, blob: Buffer): KeyObject {
  const jwk = algorithm === 'RSA' ? rsaJwk(blob) : ecJwk(blob);
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

// BCRYPT_RSAFULLPRIVATE_BLOB: BCRYPT_RSAKEY_BLOB, then big-endian numbers.
function rsaJwk(blob: Buffer): Record<string, string> {
  const lengths = [8, 12, 16, 20].map((offset) => blob.readUInt32LE(offset));
  const [exponent = 0, modulus = 0, prime1 = 0, prime2 = 0] = lengths;
  const parts = [exponent, modulus, prime1, prime2, prime1, prime2, prime1, modulus];
  let offset = 24;
  const [e = '', n = '', p = '', q = '', dp = '', dq = '', qi = '', d = ''] = parts.map((length) => {
    offset += length;
    return blob.toString('base64url', offset - length, offset);
  });
  return { kty: 'RSA', e, n, p, q, dp, dq, qi, d };
}

// BCRYPT_ECCPRIVATE_BLOB: magic and length of a coordinate, then x, y, d.
function ecJwk(blob: Buffer): Record<string, string> {
  const length = blob.readUInt32LE(4);
  const [x = '', y = '', d = ''] = [0, 1, 2].map((index) =>
    blob.toString('base64url', 8 + index * length, 8 + (index + 1) * length),
  );
  return { kty: 'EC', crv: length === 32 ? 'P-256' : 'P-384', x, y, d };
}
