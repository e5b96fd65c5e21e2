import { createPublicKey, type KeyObject } from 'node:crypto';
import { WindowsError } from '../../errors/error.ts';
import type { CertificateKeyAlgorithm } from '../../ports/key-store.ts';
import { layouts } from '../ffi/layouts.ts';
import { STATUS } from '../status.ts';

const rsa = layouts.BCRYPT_RSAKEY_BLOB;
const ecc = layouts.BCRYPT_ECCKEY_BLOB;

// bcrypt.h
const RSA_PUBLIC_MAGIC = 0x31415352;
const RSA_FULL_PRIVATE_MAGIC = 0x33415352;

interface Curve {
  readonly name: string;
  readonly octets: number;
  readonly publicMagic: number;
  readonly privateMagic: number;
  readonly algorithm: CertificateKeyAlgorithm;
}

const curves: readonly Curve[] = [
  { name: 'P-256', octets: 32, publicMagic: 0x31534345, privateMagic: 0x32534345, algorithm: 'ec-p256' },
  { name: 'P-384', octets: 48, publicMagic: 0x33534345, privateMagic: 0x34534345, algorithm: 'ec-p384' },
];

/** SubjectPublicKeyInfo (DER) of a BCRYPT_RSAPUBLIC_BLOB or BCRYPT_ECCPUBLIC_BLOB. Throws WindowsError 0x80090027 for anything else. */
export function spkiOfBlob(blob: Buffer): Uint8Array {
  const key = createPublicKey({ key: jwkOfBlob(blob), format: 'jwk' });
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }));
}

function jwkOfBlob(blob: Buffer): Record<string, string> {
  const magic = blob.length < 4 ? 0 : blob.readUInt32LE(0);
  if (magic === RSA_PUBLIC_MAGIC && blob.length >= rsa.size) {
    const exponent = blob.readUInt32LE(rsa.fields.cbPublicExp);
    const modulus = blob.readUInt32LE(rsa.fields.cbModulus);
    const [e = '', n = ''] = parts(blob, rsa.size, [exponent, modulus]);
    return { kty: 'RSA', e, n };
  }
  const curve = curves.find(({ publicMagic }) => publicMagic === magic);
  if (curve === undefined) throw new WindowsError('NCryptExportKey', STATUS.NTE_INVALID_PARAMETER, { magic });
  const [x = '', y = ''] = parts(blob, ecc.size, [curve.octets, curve.octets]);
  return { kty: 'EC', crv: curve.name, x, y };
}

function parts(blob: Buffer, start: number, lengths: readonly number[]): readonly string[] {
  let offset = start;
  return lengths.map((length) => {
    if (offset + length > blob.length) throw new WindowsError('NCryptExportKey', STATUS.NTE_INVALID_PARAMETER);
    offset += length;
    return blob.toString('base64url', offset - length, offset);
  });
}

/** A private key as a provider takes it: the name of the blob's type and its octets, which the caller overwrites when they were used. */
export interface PrivateBlob {
  readonly algorithm: CertificateKeyAlgorithm;
  readonly type: 'RSAFULLPRIVATEBLOB' | 'ECCPRIVATEBLOB';
  readonly octets: Buffer;
}

/** Throws WindowsError 0x80090029 for a key of a kind that certificates here do not have. */
export function privateBlob(key: KeyObject): PrivateBlob {
  const jwk = key.export({ format: 'jwk' }) as Record<string, string>;
  return jwk['kty'] === 'RSA' ? rsaBlob(jwk) : eccBlob(jwk);
}

function rsaBlob(jwk: Record<string, string>): PrivateBlob {
  const [e, n, p, q, dp, dq, qi, d] = ['e', 'n', 'p', 'q', 'dp', 'dq', 'qi', 'd'].map((name) => number(jwk, name));
  if (!e || !n || !p || !q || !dp || !dq || !qi || !d) throw unsupported();
  const bits = n.length * 8;
  if (bits !== 2048 && bits !== 3072 && bits !== 4096) throw unsupported();
  // BCRYPT_RSAFULLPRIVATE_BLOB: each number as long as its prime or the modulus.
  const prime = p.length;
  const numbers = [e, n, p, q, padded(dp, prime), padded(dq, q.length), padded(qi, prime), padded(d, n.length)];
  const octets = Buffer.alloc(rsa.size + numbers.reduce((sum, { length }) => sum + length, 0));
  octets.writeUInt32LE(RSA_FULL_PRIVATE_MAGIC, rsa.fields.Magic);
  octets.writeUInt32LE(bits, rsa.fields.BitLength);
  octets.writeUInt32LE(e.length, rsa.fields.cbPublicExp);
  octets.writeUInt32LE(n.length, rsa.fields.cbModulus);
  octets.writeUInt32LE(prime, rsa.fields.cbPrime1);
  octets.writeUInt32LE(q.length, rsa.fields.cbPrime2);
  fill(octets, rsa.size, numbers);
  return { algorithm: `rsa-${bits}`, type: 'RSAFULLPRIVATEBLOB', octets };
}

function eccBlob(jwk: Record<string, string>): PrivateBlob {
  const curve = curves.find(({ name }) => name === jwk['crv']);
  const [x, y, d] = ['x', 'y', 'd'].map((name) => number(jwk, name));
  if (curve === undefined || !x || !y || !d) throw unsupported();
  const octets = Buffer.alloc(ecc.size + 3 * curve.octets);
  octets.writeUInt32LE(curve.privateMagic, ecc.fields.dwMagic);
  octets.writeUInt32LE(curve.octets, ecc.fields.cbKey);
  fill(
    octets,
    ecc.size,
    [x, y, d].map((value) => padded(value, curve.octets)),
  );
  return { algorithm: curve.algorithm, type: 'ECCPRIVATEBLOB', octets };
}

function number(jwk: Record<string, string>, name: string): Buffer {
  return Buffer.from(jwk[name] ?? '', 'base64url');
}

function padded(value: Buffer, length: number): Buffer {
  return Buffer.concat([Buffer.alloc(length - value.length), value]);
}

function fill(octets: Buffer, start: number, numbers: readonly Buffer[]): void {
  let offset = start;
  for (const value of numbers) {
    octets.set(value, offset);
    offset += value.length;
    value.fill(0);
  }
}

function unsupported(): WindowsError {
  return new WindowsError('NCryptSetProperty', STATUS.NTE_NOT_SUPPORTED);
}
